//! Edge. A responder of `FastCGI` 1.0: a codec without I/O, spoken by the responder that HTTP has, too. It knows
//! nothing of hookspool.
//!
//! - A body ends only with the empty `STDIN` record.
//! - A request without an answer closes its connection without `END_REQUEST`, which every web server takes for a
//!   failure; `END_REQUEST` after no output is a 200 to some.
//!
//! Deliberately absent: multiplexing (no web server uses it), the roles authorizer and filter, `FCGI_STDERR`.

pub mod codec;
mod protocol;
mod record;
mod violation;

pub use violation::Violation;

use super::responder::{self, Handler, Limits, Listener, Notice};
use protocol::Fastcgi;
use std::io;
use std::os::fd::BorrowedFd;

/// Answers requests on all `listeners` until `stop` becomes readable, then finishes those that have begun and returns.
///
/// Kept-alive connections between two requests are closed at once then, connections that have not yet sent their
/// parameters after two seconds, all others after the request that they are in, which is bound by
/// `Limits::request_timeout` and by the handler's own end.
///
/// # Errors
/// Not one worker could be started, or epoll refuses a descriptor. What happens to a single connection is a `Notice`.
pub fn serve(
    listeners: Vec<Listener>,
    handler: &dyn Handler,
    limits: &Limits,
    stop: BorrowedFd<'_>,
    log: &(dyn Fn(Notice) + Sync),
) -> io::Result<()> {
    responder::serve(listeners, &Fastcgi::from_environment(), handler, limits, stop, log)
}
