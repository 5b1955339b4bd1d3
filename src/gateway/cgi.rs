//! Edge. CGI/1.1 (RFC 3875): one request from environment and standard input, one reply on standard output.

use super::{Begun, Handler, Limits, Params, Response, Upload, head};
use crate::model::{Head, Refusal, Reply, Status};
use crate::system::stoppable::Stoppable;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bytes of a body that are read at a time.
const PIECE_BYTES: usize = 32 * 1024;

/// True if the environment says that a web server started us (RFC 3875 §4.1.4). Decides the mode, before any argument
/// is looked at: Apache hands the query over as arguments (§4.4).
pub fn is_requested(variable: impl Fn(&str) -> bool) -> bool {
    variable("GATEWAY_INTERFACE") || variable("REQUEST_METHOD")
}

/// Answers the one request, whose body is `input`, by `reply`, which ends the output. `handler` is made inside, so that
/// whatever goes wrong there is answered too. What is left of the body is read afterwards, within the limits: a server
/// that writes the whole body first (`fcgiwrap`, `mod_cgid`) reports a broken gateway otherwise.
pub fn run<R: Read + AsFd, H: Handler>(
    input: Stoppable<R>,
    limits: &Limits,
    handler: impl FnOnce() -> Result<H, Refusal>,
    reply: impl FnOnce(&[u8]),
) {
    let variables: Vec<_> = std::env::vars_os().collect();
    let params = Params::collect(variables.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let body_bytes = length_bytes(&head(&params), limits);
    let mut input = input.limited(limits.read_timeout, limits.request_timeout);
    let (answer, taken_bytes) = answer(&params, &mut input, handler);
    reply(&answer);
    drain(input.limited(limits.linger_timeout, limits.drain_timeout), body_bytes.saturating_sub(taken_bytes));
}

/// Never empty: a CGI program that prints nothing is a 502, or a 200, depending on the server. Beside it, how much of
/// the body was read.
fn answer<H: Handler>(
    params: &Params,
    input: &mut impl Read,
    handler: impl FnOnce() -> Result<H, Refusal>,
) -> (Response, u64) {
    let mut taken_bytes = 0;
    let answer = catch_unwind(AssertUnwindSafe(|| match handler().map(|handler| handler.begin(params)) {
        Ok(Begun::Answered(answer)) => answer,
        Ok(Begun::Upload(upload)) => take(upload, input, &mut taken_bytes),
        Err(refusal) => refusal.reply.to_bytes(),
    }));
    (answer.unwrap_or_else(|_| Reply::new(Status::InternalError, "internal error").to_bytes()), taken_bytes)
}

/// Reads no more than is wanted: uWSGI keeps standard input open.
fn take(mut upload: Box<dyn Upload>, input: &mut impl Read, taken_bytes: &mut u64) -> Response {
    let mut buffer = vec![0; room_for(upload.wanted_bytes())];
    loop {
        let length = match room_for(upload.wanted_bytes()) {
            0 => return upload.end(Ok(())),
            wanted => input.read(&mut buffer[..wanted]),
        };
        match length {
            Ok(0) => return upload.end(Err(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(length) => {
                *taken_bytes += length as u64;
                if let Some(answer) = upload.take(&buffer[..length]) {
                    return answer;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return upload.end(Err(error)),
        }
    }
}

fn room_for(wanted_bytes: u64) -> usize {
    usize::try_from(wanted_bytes).unwrap_or(PIECE_BYTES).min(PIECE_BYTES)
}

/// Reads and forgets up to `limit_bytes`. Errors end it: nobody waits for these bytes.
fn drain(input: impl Read, limit_bytes: u64) {
    let mut rest = input.take(limit_bytes);
    let mut buffer = [0; 16 * 1024];
    while matches!(rest.read(&mut buffer), Ok(n) if n > 0) {}
}

/// Most input that there is to read. A body without a length (chunked, through `mod_cgid`) is refused, and read
/// to its end all the same: Apache breaks the reply off otherwise.
fn length_bytes(request: &Result<Head, Refusal>, limits: &Limits) -> u64 {
    match request {
        Ok(head) => head.content_length.unwrap_or(0).min(limits.drain_bytes),
        Err(refusal) if refusal.reply.status == Status::LengthRequired => limits.drain_bytes,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, PipeReader, Write};
    use std::time::Duration;

    /// Refuses without a look at the body, panics, or wants four bytes, as the query says.
    fn handler(params: &Params) -> Begun {
        match params.get(b"QUERY_STRING") {
            Some(b"refuse") => Begun::Answered(b"refused".to_vec()),
            Some(b"panic") => panic!("a bug"),
            _ => Begun::Upload(Box::new(Four(Vec::new()))),
        }
    }

    struct Four(Vec<u8>);
    impl Upload for Four {
        fn wanted_bytes(&self) -> u64 {
            4 - self.0.len() as u64
        }
        fn take(&mut self, piece: &[u8]) -> Option<Response> {
            self.0.extend(piece);
            None
        }
        fn end(self: Box<Self>, body: io::Result<()>) -> Response {
            body.map_or_else(|error| error.kind().to_string().into_bytes(), |()| self.0)
        }
    }

    fn params(query: &'static str) -> Params {
        Params::collect([(b"QUERY_STRING".as_slice(), query.as_bytes())].into_iter())
    }

    /// The answer, and how much of the input it took.
    fn answered(query: &'static str, mut input: impl Read) -> (String, u64) {
        let (answer, taken_bytes) = answer(&params(query), &mut input, || Ok(handler));
        (String::from_utf8(answer).unwrap(), taken_bytes)
    }

    #[test]
    fn it_never_reads_beyond_what_is_wanted() {
        let mut input = &b"abcdef"[..];
        assert_eq!(answered("", &mut input), ("abcd".to_owned(), 4));
        assert_eq!(input, b"ef");
    }

    #[test]
    fn an_early_end_is_an_error() {
        assert_eq!(answered("", &b"abc"[..]), ("unexpected end of file".to_owned(), 3));
    }

    #[test]
    fn a_body_that_stalls_has_a_time_out() {
        let (input, mut sender) = io::pipe().unwrap();
        sender.write_all(b"ab").unwrap();
        let soon = Duration::from_millis(10);
        let input = Stoppable::<PipeReader>::new(input, None).limited(soon, soon);
        assert_eq!(answered("", input), ("timed out".to_owned(), 2));
    }

    #[test]
    fn an_early_answer_takes_nothing_of_the_body_and_a_panic_is_a_500() {
        assert_eq!(answered("refuse", &b"abc"[..]), ("refused".to_owned(), 0));
        assert!(answered("panic", &b"abc"[..]).0.starts_with("Status: 500 "));
    }

    #[test]
    fn without_a_configuration_there_is_an_answer() {
        let refusal = Refusal::new(Status::InternalError, "not configured", "no configuration");
        let none = || Err::<fn(&Params) -> Begun, _>(refusal);
        let (answer, _) = answer(&params(""), &mut &b"abc"[..], none);
        assert!(String::from_utf8(answer).unwrap().ends_with("not configured\n"));
    }

    #[test]
    fn what_is_left_is_read_up_to_a_bound_and_for_a_time() {
        let bytes = vec![0; 100_000];
        let mut source = bytes.as_slice();
        drain(&mut source, 40_000);
        assert_eq!(source.len(), 60_000);
        let (input, _stays_open) = io::pipe().unwrap();
        let soon = Duration::from_millis(10);
        drain(Stoppable::<PipeReader>::new(input, None).limited(soon, Duration::MAX), 1);
    }

    #[test]
    fn a_body_without_a_length_is_read_to_its_end_after_it_is_refused() {
        let limits = Limits::default();
        let refusal = |status| Err(Refusal::new(status, "no", "no"));
        assert_eq!(length_bytes(&refusal(Status::LengthRequired), &limits), limits.drain_bytes);
        assert_eq!(length_bytes(&refusal(Status::BadRequest), &limits), 0);
    }
}
