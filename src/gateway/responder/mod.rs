//! Edge. The part of a receiver that stays: a reactor thread that owns accepting and every connection that waits for
//! something, and a fixed number of worker threads that run a `Handler`. It speaks the `Protocol` that it is given, and
//! knows nothing of hookspool.
//!
//! - No worker waits for a peer to send. It is given a request when the body is complete or has filled a buffer, reads
//!   what has arrived, and gives the request back until another buffer is full. Idle, slow and half-said connections
//!   cost a descriptor and what they sent, up to a buffer, until their time-out.
//! - Of too many slow connections or bodies the one that has taken longest is given up.
//! - Nothing grows with what a peer sends: every buffer, queue and time has its bound in `Limits`.
//! - A body ends only where the protocol says so. End of connection, abort and time-out are errors of which
//!   `Upload::end` is told.
//! - An answer is sent after the body was read to its end or to a bound, since some peers read nothing before.
//! - A request without an answer closes its connection.

mod acceptor;
mod connections;
mod exchange;
mod handler;
mod limits;
mod listener;
mod notice;
mod params;
mod pending;
mod pool;
mod protocol;
mod reactor;
mod serve;
mod stream;
mod unix_socket;
mod waiting;
mod work;
mod worker;

pub use handler::{Begun, Handler, Response, Upload};
pub use limits::Limits;
pub use listener::{Listener, stdin_is_listening};
pub use notice::{Awaited, Notice};
pub use params::Params;
pub(super) use params::{NotPairs, push_short_pair};
pub(super) use protocol::{Codec, Protocol};
pub use protocol::{Fault, Message};
pub(super) use serve::serve;

/// Receiver of notices. It is called from every thread.
type Log<'a> = &'a (dyn Fn(Notice) + Sync);
