//! Edge. A small HTTP/1.1 server (RFC 9112): a codec without I/O, spoken by the responder that `FastCGI` has, too. It
//! knows nothing of hookspool: a request becomes the meta-variables that a web server would pass.
//!
//! - Two readers of one request must not see two: whatever of a head or a chunked body could be read in another way is
//!   refused, and each connection carries one request.
//! - A body has its length or its end (`chunked`). One that is shorter than announced is an error, never a body.
//!
//! Deliberately absent: TLS, HTTP/2, kept-alive connections, compression, files. A proxy has them.

mod chunks;
mod codec;
mod head;
mod health;
mod malformed;
#[doc(hidden)]
#[allow(dead_code, reason = "the fuzz targets throw bytes at it")]
pub mod probe;
mod protocol;
mod reply;
mod trust;

pub use trust::Trust;

use super::responder::{self, Handler, Limits, Listener, Notice};
use health::WithHealth;
use protocol::Http;
use std::io;
use std::os::fd::BorrowedFd;

/// Bytes of a head, as other servers grant them at most.
const HEAD_BYTES: usize = 32 * 1024;
/// Header fields of a request.
const FIELDS: usize = 128;

/// Answers requests on all `listeners` until `stop` becomes readable, then finishes those that have begun and returns.
/// Beside what `handler` answers, `GET /healthz` is `200 ok`.
///
/// # Errors
/// Not one worker could be started, or epoll refuses a descriptor. What happens to a single connection is a `Notice`.
pub fn serve(
    listeners: Vec<Listener>,
    trust: Trust,
    handler: &dyn Handler,
    limits: &Limits,
    stop: BorrowedFd<'_>,
    log: &(dyn Fn(Notice) + Sync),
) -> io::Result<()> {
    let limits = Limits { params_bytes: HEAD_BYTES, pairs: FIELDS, ..limits.clone() };
    responder::serve(listeners, &Http::new(trust), &WithHealth(handler), &limits, stop, log)
}
