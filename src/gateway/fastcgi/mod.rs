//! Edge. A responder of `FastCGI` 1.0: a codec without I/O, a reactor thread that owns accepting and every connection that
//! waits for something, and a fixed number of worker threads that run a `Handler`. It knows nothing of hookspool.
//!
//! - A connection costs a worker only once its parameters are complete, and its body is or has filled a buffer. Idle,
//!   slow and half-said connections cost a descriptor and a few hundred bytes, until their time-out.
//! - Nothing grows with what a peer sends: every buffer, queue and time has its bound in `Limits`.
//! - A body ends only with the empty `STDIN` record. End of connection, abort and time-out are errors of `read`.
//! - An answer is sent after the body was read to its end or to a bound, since some web servers read nothing before.
//! - A request without an answer closes its connection without `END_REQUEST`, which every web server takes for a
//!   failure; `END_REQUEST` after no output is a 200 to some.
//!
//! Deliberately absent: multiplexing (no web server uses it), the roles authorizer and filter, `FCGI_STDERR`.

mod acceptor;
pub mod codec;
mod exchange;
mod gate;
mod limits;
mod listener;
mod notice;
mod params;
mod pending;
mod pool;
mod reactor;
mod record;
mod serve;
mod stream;
mod unix_socket;
mod violation;
mod worker;

pub use limits::Limits;
pub use listener::{Listener, stdin_is_listening};
pub use notice::{Awaited, Notice};
pub use params::Params;
pub use serve::serve;
pub use violation::Violation;

use std::io::{Read, Result, Write};

/// Where notices go. It is called from every thread.
type Log<'a> = &'a (dyn Fn(Notice) + Sync);

/// What answers requests, from several threads at once.
pub trait Handler: Sync {
    /// Answers one request.
    ///
    /// `body` is the request body as it arrives; only its proper end reads as 0 bytes, and everything else that ends
    /// it is an error (`UnexpectedEof`, `ConnectionAborted`, `TimedOut`, `InvalidData`). `out` takes a CGI response
    /// (RFC 3875 §6), kept until this returns or 64 KiB have come together. Without output, or with an error, the
    /// connection is closed, which the web server answers with an error of its own. A panic is answered 500.
    fn handle(&self, params: &Params, body: &mut dyn Read, out: &mut dyn Write) -> Result<()>;
}

impl<F> Handler for F
where
    F: Fn(&Params, &mut dyn Read, &mut dyn Write) -> Result<()> + Sync,
{
    fn handle(&self, params: &Params, body: &mut dyn Read, out: &mut dyn Write) -> Result<()> {
        self(params, body, out)
    }
}
