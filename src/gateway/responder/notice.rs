//! Pure. Notices of a responder to its operator.

use super::protocol::Fault;
use crate::system::errno::words;
use std::fmt;
use std::io;

/// Something that an operator may want to know; its `Display` is one line.
#[derive(Debug)]
pub enum Notice {
    /// A handler panicked; its request was answered 500 unless an answer had begun.
    Panicked(String),
    /// A handler returned without an answer; its connection was closed.
    NoAnswer,
    /// An answer could not be delivered.
    NotDelivered(io::Error),
    /// A peer broke the protocol; its connection was closed.
    Malformed(Fault),
    /// A request was refused before a handler saw it.
    Refused(Fault),
    /// A request was given up, the one that had taken longest: others needed its place.
    GaveWay,
    /// A connection was closed because this took too long.
    TimedOut(Awaited),
    /// Accepting pauses until the cause has passed.
    AcceptPaused(io::Error),
    /// A peer that may not connect was turned away.
    PeerRefused(Fault),
    /// The system granted fewer worker threads than wanted.
    FewerWorkers {
        /// Threads that there are.
        started: usize,
        /// The reason that there are not more.
        cause: io::Error,
    },
}

/// The thing that a connection was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The rest of the parameters.
    Head,
    /// The rest of the body.
    Body,
    /// A worker.
    Worker,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "handler panicked: {}", one_line(message)),
            Self::NoAnswer => f.write_str("handler gave no answer, connection closed"),
            Self::NotDelivered(cause) => write!(f, "answer not delivered: {}", words(cause)),
            Self::Malformed(fault) => write!(f, "connection closed: {fault}"),
            Self::Refused(fault) => write!(f, "request refused: {fault}"),
            Self::GaveWay => f.write_str("request given up: it took longest, and others need its place"),
            Self::TimedOut(stage) => write!(f, "connection closed: {stage} took too long"),
            Self::AcceptPaused(cause) => write!(f, "accepting pauses: {}", words(cause)),
            Self::PeerRefused(fault) => write!(f, "{fault}"),
            Self::FewerWorkers { started, cause } => {
                write!(f, "only {started} workers could be started: {}", words(cause))
            }
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "the request's parameters",
            Self::Body => "the request's body",
            Self::Worker => "waiting for a worker",
        })
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_many_lines_is_told_in_one() {
        let told = Notice::Panicked("left: 1\nright: 2".to_owned()).to_string();
        assert_eq!(told, "handler panicked: left: 1 right: 2");
    }
}
