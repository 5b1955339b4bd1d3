//! Pure. The protocol of a responder's peers: messages out of bytes, and bytes out of answers.

use super::limits::Limits;
use super::params::Params;
use std::fmt;
use std::net::IpAddr;

/// A protocol.
pub(in crate::gateway) trait Protocol: Sync {
    /// The codec of a new connection from `peer`, which has no address behind a Unix socket; or why it is turned away.
    fn codec(&self, peer: Option<IpAddr>, limits: &Limits) -> Result<Box<dyn Codec>, Fault>;
}

/// One connection's incoming bytes as a state machine, and the answers to what they ask.
pub(in crate::gateway) trait Codec: fmt::Debug + Send {
    /// Takes input up to the next message; `None` when all of it is taken. After a fault nothing is understood.
    fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, Fault>;

    /// True if the next byte can only be the first of something new.
    fn is_idle(&self) -> bool;

    /// True if nothing of the last request can still come, so that to close takes no answer from the peer.
    fn is_over(&self) -> bool;

    /// True if the connection outlives the request.
    fn keeps_connection(&self) -> bool;

    /// True if the peer sends the body only when it is asked to, and was not.
    fn awaits_invitation(&self) -> bool {
        false
    }

    /// Bytes that ask for the body.
    fn invite(&mut self) -> &'static [u8] {
        b""
    }

    /// Appends an answer, a whole CGI response (RFC 3875 §6), as the peer reads it. An empty one is the end of a
    /// request that the peer gave up.
    fn push_answer(&self, bytes: &mut Vec<u8>, answer: &[u8]);

    /// The request was answered or given up: what still comes for it is skipped.
    fn end_request(&mut self);
}

/// The meaning of a piece of input.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The parameters are complete; the body follows.
    Head(Params),
    /// A part of the body.
    Body(&'a [u8]),
    /// The body is complete.
    End,
    /// The peer gave the request up and expects its end.
    Abort,
    /// Send these bytes now, and go on.
    Send(Vec<u8>),
    /// Send these bytes: the request is refused. Go on if `keep`, else close, but only after what is still coming.
    Refuse {
        /// Bytes that tell so.
        reply: Vec<u8>,
        /// True if the connection stays.
        keep: bool,
        /// The reason, where an operator may want to know it.
        why: Option<Fault>,
    },
}

/// Something that a peer did wrong, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);
