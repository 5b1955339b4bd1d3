//! Edge. Sends a request, and reads the answer: by TLS as this machine trusts, without redirects, in bounded time and
//! memory. No error holds the URL.

use super::parcel::{HttpAnswer, HttpParcel, Receipt, seconds};
use crate::system::authorities::{client, is_by_tls};
use crate::system::errno::words;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::io::{self, Read};
use std::time::Duration;

/// Longest time until there is a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time of it all: a body that never ends is cut by it.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(20);
/// Most bytes of an answer's body; services answer in a line.
const BODY_LIMIT_BYTES: u64 = 64 * 1024;
/// Name of this program in requests; GitHub refuses those without one.
const USER_AGENT: &str = concat!("hookspool/", env!("CARGO_PKG_VERSION"));

/// The answer, or what follows from there being none.
pub(super) fn send(parcel: &HttpParcel) -> Result<HttpAnswer, Receipt> {
    send_within(parcel, TOTAL_TIMEOUT)
}

fn send_within(parcel: &HttpParcel, time: Duration) -> Result<HttpAnswer, Receipt> {
    let settings = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT.min(time)))
        .timeout_global(Some(time))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(USER_AGENT);
    // By `http://` it goes to this very machine: no proxy that the environment names may read it.
    let settings = if is_by_tls(&parcel.url) { settings } else { settings.proxy(None) };
    let agent = client(settings, &parcel.url).map_err(Receipt::unanswered)?;
    let request = match parcel.method {
        "PUT" => agent.put(&parcel.url),
        _ => agent.post(&parcel.url),
    };
    let request = parcel.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    let mut response = request.send(&parcel.body).map_err(|error| without_answer(&error))?;
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| wait_of(text, Timestamp::now()));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // The status is an answer, too: a body that is cut short is judged by what there is of it.
    let _cut_short = response.body_mut().as_reader().take(BODY_LIMIT_BYTES).read_to_end(&mut body);
    Ok(HttpAnswer { status, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
}

/// `Retry-After`: a number of seconds, or a date (RFC 9110 §10.2.3).
fn wait_of(text: &str, now: Timestamp) -> Option<Duration> {
    let number = || text.trim().parse().ok();
    let date = || Some(rfc2822::parse(text.trim()).ok()?.timestamp().duration_since(now).as_secs_f64().max(0.0));
    number().or_else(date).and_then(seconds)
}

/// The end of a request that is not answered.
fn without_answer(error: &ureq::Error) -> Receipt {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Receipt::refused("the URL, the token or a header of it is malformed")
        }
        error => Receipt::unanswered(said(error)),
    }
}

/// An error in words of our own: those of the client may repeat the URL.
fn said(error: &ureq::Error) -> String {
    let said = match error {
        ureq::Error::Io(error) => return of_connection(error),
        ureq::Error::Rustls(error) => return of_tls(error),
        ureq::Error::Tls(what) => return of_tls(what),
        ureq::Error::Timeout(_) => "no answer in time: the service is slow, or a firewall drops what is sent",
        ureq::Error::HostNotFound => "cannot find the host: its name is wrong, or DNS does not work",
        ureq::Error::ConnectionFailed => "cannot connect",
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => "what answers speaks no HTTP",
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            "cannot pass the proxy that the environment names (`HTTPS_PROXY`, `ALL_PROXY`)"
        }
        _ => "the request failed",
    };
    said.to_owned()
}

/// The client hands on errors of name service and TLS as those of the connection.
fn of_connection(error: &io::Error) -> String {
    let said = error.to_string();
    if said.contains("certificate") || said.contains("handshake") {
        return of_tls(&said);
    }
    if said.starts_with("failed to lookup address") {
        return format!("cannot find the host: {}", said.split(": ").last().unwrap_or_default());
    }
    format!("cannot connect: {}", words(error))
}

fn of_tls(what: impl std::fmt::Display) -> String {
    format!("TLS: {what}; see its certificate, the authorities that this machine trusts, and its clock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    const SOON: Duration = Duration::from_millis(300);

    /// Sends to a server that does this with its connection, and says how long that took.
    fn sent_to(serve: impl FnOnce(TcpStream) + Send + 'static) -> (Result<HttpAnswer, Receipt>, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/s3cr3t-path", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
        let began = Instant::now();
        let result = send_within(&HttpParcel::json(url, &serde_json::json!({})), SOON);
        let took = began.elapsed();
        server.join().unwrap();
        (result, took)
    }

    /// Reads until the other side gives up.
    fn listen(mut stream: TcpStream) {
        let _gone = stream.read_to_end(&mut Vec::new());
    }

    #[test]
    fn a_wait_is_seconds_or_a_date_and_an_hour_at_most() {
        let now = Timestamp::from_second(1_445_412_440).unwrap();
        let waits =
            ["7", " 120 ", "Wed, 21 Oct 2015 07:28:00 GMT", "Thu, 21 Oct 1999 07:28:00 GMT", "1e9", "soon", "-1"];
        let waits = waits.map(|text| wait_of(text, now).map(|wait| wait.as_secs()));
        assert_eq!(waits, [Some(7), Some(120), Some(40), Some(0), Some(3600), None, None]);
    }

    #[test]
    fn silence_is_given_up_and_named_without_the_url() {
        let (result, took) = sent_to(listen);
        let Err(Receipt::Later { why, after: None, .. }) = result else { panic!("{result:?}") };
        assert!(why.contains("no answer in time") && !why.contains("s3cr3t"), "{why}");
        assert!(took < 10 * SOON, "{took:?}");
    }

    #[test]
    fn a_body_that_drips_for_ever_is_cut_by_the_time_and_judged_by_its_beginning() {
        let (result, took) = sent_to(|mut stream| {
            let mut drip = || {
                let _gone = stream.read(&mut [0; 4096]);
                stream.write_all(b"HTTP/1.1 404 No\r\n\r\nno_service")?;
                loop {
                    stream.write_all(b" ")?;
                    std::thread::sleep(Duration::from_millis(10));
                }
            };
            let _gone: io::Result<()> = drip();
        });
        let answer = result.unwrap();
        assert_eq!((answer.status, answer.body.trim()), (404, "no_service"));
        assert!(took < 10 * SOON, "{took:?}");
    }

    #[test]
    fn what_speaks_no_http_is_said_to() {
        let (result, _) = sent_to(|mut stream| {
            let _gone = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n");
            listen(stream);
        });
        let Err(Receipt::Later { why, .. }) = result else { panic!("{result:?}") };
        assert!(!why.contains("s3cr3t") && (why.contains("no HTTP") || why.contains("cannot connect")), "{why}");
    }
}
