//! Edge. One push, many hosts: carries jobs over NATS `JetStream` from the spool that received them to the spools that
//! run them. The engine is only a means of transport: that a server stored a message is no promise, and that it knows a
//! repeat is none either. What counts is on the disks of the two hosts.
//!
//! * **Origin** (`sender.rs`): a mark for each host and job, flushed before the job leaves `queued/`; the job is sent
//!   until that host's receipt has come, and only then the mark goes.
//! * **Target** (`taker.rs`): the job's own id is its name in `queued/`, never over another; flushed; then the receipt;
//!   then the message is acknowledged. Whatever is cut short comes again, and is known by its id.
//! * **Trust** (`envelope.rs`): the origin signs the job's sealed line and the target's name. Servers and other hosts
//!   can lose or repeat a job, and not invent, redirect, alter or age one.
//! * **Connection** (`session.rs`, `wire.rs`, `nats.rs`): lost means another, with consumers made anew.

mod age;
mod api;
mod bell;
mod envelope;
pub mod key;
mod nats;
mod outbox;
mod presence;
#[doc(hidden)]
#[allow(dead_code, reason = "the fuzz targets throw bytes at it")]
pub mod probe;
mod receipt;
mod sender;
mod session;
mod setup;
mod spool_store;
mod store;
#[cfg(test)]
mod stories;
mod subjects;
mod taker;
mod thread;
mod wire;

pub use api::permissions;
pub use setup::{StreamReport, StreamWish, check_stream, make_stream};
pub use subjects::Subjects;
pub use thread::Relay;
