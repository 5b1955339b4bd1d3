//! Edge. CGI/1.1 (RFC 3875): one request from environment and standard input, one reply on standard output.

use super::{Application, DRAIN_LIMIT_BYTES, body::Exactly, head};
use crate::model::{Head, Refusal, Reply, Status};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Whether the environment says that a web server started us (RFC 3875 §4.1.4). Decides the mode, before any argument
/// is looked at: Apache hands the query over as arguments (§4.4).
pub fn is_requested(variable: impl Fn(&str) -> bool) -> bool {
    variable("GATEWAY_INTERFACE") || variable("REQUEST_METHOD")
}

/// Answers the one request, whose body is `input`. `application` is built inside, so that whatever goes wrong there is
/// answered too.
pub fn run<A: Application>(input: impl Read, application: impl FnOnce() -> Result<A, Refusal>) {
    let variables: Vec<_> = std::env::vars_os().collect();
    let bytes = |text: &'_ OsStr| -> Vec<u8> { text.as_bytes().to_vec() };
    let pairs: Vec<_> = variables.iter().map(|(n, v)| (bytes(n), bytes(v))).collect();
    let request = head(pairs.iter().map(|(n, v)| (n.as_slice(), v.as_slice())));
    let reply = answer(request, input, application);
    // A server that has gone away leaves nothing to be done: the job, if any, is on disk.
    let _ = std::io::stdout().lock().write_all(&reply.to_bytes());
}

/// Never without a reply: a CGI program that prints nothing is a 502, or a 200, depending on the server.
fn answer<A: Application>(
    request: Result<Head, Refusal>,
    input: impl Read,
    application: impl FnOnce() -> Result<A, Refusal>,
) -> Reply {
    let mut body = Exactly::new(input, length_bytes(&request));
    let reply = catch_unwind(AssertUnwindSafe(|| match application() {
        Ok(application) => application.answer(request, &mut body),
        Err(refusal) => refusal.reply,
    }))
    .unwrap_or_else(|_| Reply::new(Status::InternalError, "internal error"));
    body.drain(DRAIN_LIMIT_BYTES);
    reply
}

/// How much of the input is read before the reply. A body without a length (chunked, through `mod_cgid`) is refused, and
/// read to its end all the same: Apache breaks the reply off otherwise.
fn length_bytes(request: &Result<Head, Refusal>) -> u64 {
    match request {
        Ok(head) => head.content_length,
        Err(refusal) if refusal.reply.status == Status::LengthRequired => DRAIN_LIMIT_BYTES,
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Headers, Method};

    struct Panics;
    impl Application for Panics {
        fn answer(&self, _: Result<Head, Refusal>, _: &mut dyn Read) -> Reply {
            panic!("a bug")
        }
    }

    fn request(content_length: u64) -> Head {
        Head {
            method: Method::Post,
            path: Vec::new(),
            query: Vec::new(),
            headers: Headers::default(),
            content_type: String::new(),
            content_length,
            remote_addr: String::new(),
            document_root: None,
        }
    }

    #[test]
    fn a_panic_is_a_500_and_the_body_is_still_drained() {
        let mut input = &b"abc-beyond"[..];
        let reply = answer(Ok(request(3)), &mut input, || Ok(Panics));
        assert_eq!((reply.status, input), (Status::InternalError, &b"-beyond"[..]));
    }

    #[test]
    fn a_body_without_a_length_is_read_to_its_end_before_it_is_refused() {
        struct Refuses;
        impl Application for Refuses {
            fn answer(&self, request: Result<Head, Refusal>, _: &mut dyn Read) -> Reply {
                request.unwrap_err().reply
            }
        }
        let mut input = &b"abc"[..];
        let refusal = Refusal::new(Status::LengthRequired, "length required", "no `CONTENT_LENGTH`");
        let reply = answer(Err(refusal), &mut input, || Ok(Refuses));
        assert_eq!((reply.status, input), (Status::LengthRequired, &b""[..]));
    }

    #[test]
    fn without_a_configuration_there_is_a_reply_and_the_body_is_drained() {
        let mut input = &b"abc"[..];
        let refusal = Refusal::new(Status::InternalError, "not configured", "no configuration");
        let reply = answer::<Panics>(Ok(request(3)), &mut input, || Err(refusal));
        assert_eq!((reply.text.as_str(), input), ("not configured", &b""[..]));
    }
}
