//! Edge. Clients that others wrote, and the memory that the largest delivery needs.

use super::{STEPS, Served, push};
use crate::support::github::{COMMIT, SIGNATURE, push_of_length, push_to};
use crate::support::http::{Framing, Request};
use crate::support::yard::Yard;
use std::process::Command;

/// The default `body_limit`.
const LIMIT_BYTES: usize = 25 * 1024 * 1024;

/// What curl says of a push, which it reads from a file.
fn curl(yard: &Yard, served: &Served, body: &[u8], arguments: &[&str]) -> String {
    let file = yard.path("body");
    std::fs::write(&file, body).unwrap();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "60", "--write-out", " %{http_code}"]).args(arguments);
    for (name, value) in push(body).headers {
        command.arg("--header").arg(format!("{name}: {}", String::from_utf8(value).unwrap()));
    }
    command.arg("--data-binary").arg(format!("@{}", file.display())).arg(format!("http://{}/docs", served.address));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn curl_delivers_by_length_in_chunks_and_after_it_asked() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &[]);
    let small = push_to("main", COMMIT);
    let large = push_of_length(LIMIT_BYTES);
    for (body, arguments) in [
        (&small, &[][..]),
        (&small, &["--http1.0"]),
        (&small, &["--header", "Transfer-Encoding: chunked"]),
        (&small, &["--header", "Expect: 100-continue", "--expect100-timeout", "30"]),
        (&large, &["--expect100-timeout", "30"]),
        (&large, &["--header", "Transfer-Encoding: chunked", "--header", "Expect:"]),
    ] {
        let said = curl(&yard, &served, body, arguments);
        assert!(said.starts_with("queued ") && said.ends_with("\n 202"), "{arguments:?}: {said}");
    }
    let longer = [large, b"\n".to_vec()].concat();
    for arguments in [&[][..], &["--header", "Transfer-Encoding: chunked"], &["--header", "Expect:"]] {
        assert_eq!(curl(&yard, &served, &longer, arguments), "payload too large\n 413", "{arguments:?}");
    }
    assert_eq!(served.process.stop(), Some(0));
    assert_eq!(yard.listed().len(), 6);
    assert_eq!(crate::spool::append::names(&yard.path("spool/tmp")), [""; 0]);
}

const PYTHON: &str = r#"
import http.client, json, sys
given = json.load(sys.stdin)
body = given["body"].encode()
def pieces():
    yield body[:7]
    yield body[7:]
for data, chunked in [(body, False), (pieces(), True)]:
    connection = http.client.HTTPConnection(given["address"], timeout=30)
    connection.request("POST", "/docs", data, given["headers"], encode_chunked=chunked)
    reply = connection.getresponse()
    print(reply.status, reply.read().decode().split()[0], reply.will_close)
connection = http.client.HTTPConnection(given["address"], timeout=30)
for path in ["/healthz", "/docs"]:
    connection.request("GET", path)
    reply = connection.getresponse()
    print(reply.status, reply.read().decode().strip())
"#;

#[test]
fn pythons_http_client_delivers_and_connects_anew_for_each_request() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &[]);
    let body = String::from_utf8(push_to("main", COMMIT)).unwrap();
    let headers = push(body.as_bytes()).headers.into_iter();
    let headers: serde_json::Map<_, _> =
        headers.map(|(name, value)| (name, String::from_utf8(value).unwrap().into())).collect();
    let given = serde_json::json!({ "address": served.address.to_string(), "body": body, "headers": headers });
    let file = yard.path("given");
    std::fs::write(&file, given.to_string()).unwrap();
    let output =
        Command::new("python3").args(["-c", PYTHON]).stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "202 queued True\n202 queued True\n200 ok\n405 only POST delivers\n", "{:?}", output.stderr);
}

#[test]
fn eight_chunked_payloads_of_25_mib_at_once_need_less_than_8_mib() {
    const GROWTH_KIB: u64 = 8 * 1024;
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &[]);
    assert_eq!(served.send(&push(&push_to("main", COMMIT))).status, 202);
    let before_kib = served.process.peak_kib();
    // Neither are the signatures looked at before the end, nor do they say what a body costs.
    let large = Request { framing: Framing::Chunked, ..push(&push_of_length(LIMIT_BYTES)) };
    let forged = large.clone().without(SIGNATURE).header(SIGNATURE, format!("sha256={}", "0".repeat(64)));
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..8).map(|_| scope.spawn(|| served.send(&forged).status)).collect();
        assert!(senders.into_iter().all(|sender| sender.join().unwrap() == 403));
    });
    assert_eq!(served.send(&large).status, 202);
    let grew_kib = served.process.peak_kib() - before_kib;
    assert!(grew_kib < GROWTH_KIB, "it grew by {grew_kib} KiB");
    assert_eq!(served.process.stop(), Some(0));
}
