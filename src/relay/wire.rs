//! Pure. The net as the relay needs it: a few calls, each with its promise. One value is one connection; when it is
//! lost, another is made, and nothing that was said on the old one counts.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// A message to be stored.
#[derive(Debug, Clone)]
pub(super) struct BrokerMessage {
    /// Its subject.
    pub subject: String,
    /// An id by which the stream knows a repeat; each try has its own.
    pub message_id: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The place at which a message arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Inlet {
    /// Jobs, and what the server says of a request for them.
    Jobs,
    /// The same for receipts.
    Receipts,
    /// Signs of life of hosts that are called like this one.
    Here,
}

/// A message that arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// Its place.
    pub inlet: Inlet,
    /// Its subject.
    pub subject: String,
    /// The address of its acknowledgement.
    pub reply: Option<String>,
    /// The server's word in the place of a message: 404, none is there; 408, the time is up; 409, it ended; 503, nobody
    /// serves this.
    pub status: Option<u16>,
    /// Its own words for that.
    pub words: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The reason why a call did nothing, or perhaps nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// Nobody answered in time, or the answer was lost; the server's last complaint, if it had one.
    #[error("{0}")]
    Silence(String),
    /// Nobody serves this subject: no stream, no consumer, or an election.
    #[error("nobody serves it: there is no such stream, or its servers choose a leader")]
    NoResponders,
    /// The server refused it.
    #[error("{text} ({code})")]
    Refused {
        /// Its number, as in the servers' documentation.
        code: u64,
        /// Its words.
        text: String,
    },
    /// It is larger than the server allows.
    #[error("it is larger than the servers allow")]
    TooLarge,
}

/// The server at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The largest message that it takes, in bytes, with all its headers.
    pub max_payload_bytes: u64,
}

/// One connection.
pub(super) trait Wire {
    /// The server at the other end.
    fn server(&self) -> &Broker;

    /// The reason for which the connection is of no use any more.
    fn lost(&self) -> Option<String>;

    /// The time by which it waits.
    fn now(&self) -> Instant;

    /// The clock of this host.
    fn clock(&self) -> Timestamp;

    /// Asks for these to be stored, at the same time. `Ok` says that a server stored it, and no more: it may lose it.
    fn store(&mut self, parcels: Vec<BrokerMessage>) -> Vec<Result<(), WireError>>;

    /// Asks something, and waits for the answer.
    fn ask(&mut self, subject: &str, body: &[u8]) -> Result<Vec<u8>, WireError>;

    /// Acknowledges messages, at the same time. One whose acknowledgement is lost comes once more.
    fn acknowledge(&mut self, replies: &[&str]);

    /// Asks for messages; they come to `next`.
    fn pull(&mut self, inlet: Inlet, subject: &str, body: &[u8]);

    /// Says something that nobody answers, and that may be lost.
    fn say(&mut self, subject: &str, body: &[u8]);

    /// The next message. `None`: the time is up, or a bell rang.
    fn next(&mut self, at_most: Duration) -> Option<Arrival>;
}
