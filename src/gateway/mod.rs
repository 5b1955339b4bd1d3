//! Edge. The ways in: CGI and FastCGI. Knows no rules and no disk; turns what a web server passes into a [`Head`] and
//! a body, and a [`Reply`] into bytes.

mod body;
pub mod cgi;
pub mod fastcgi;
mod meta_variables;
mod responder;

pub use meta_variables::head;
pub use responder::Responder;

use crate::model::{Head, Refusal, Reply};
use std::io::Read;

/// What answers requests. The request has been understood, or the gateway says why not; either way the application
/// decides the reply and writes the log line, so that there is one place for both.
pub trait Application: Sync {
    /// The reply to one request. `body` yields exactly `content_length` bytes, or an error if the sender stopped early.
    fn answer(&self, request: Result<Head, Refusal>, body: &mut dyn Read) -> Reply;
}

/// How much of a refused body is read before the reply. A server that writes the whole body first (`fcgiwrap`, `mod_cgid`)
/// reports a broken gateway instead of our status otherwise.
pub const DRAIN_LIMIT_BYTES: u64 = 64 * 1024 * 1024;
