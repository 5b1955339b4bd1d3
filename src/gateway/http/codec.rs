//! Pure. One connection's incoming bytes as a state machine: split anywhere, one request and no more. It holds no more
//! than a head, or a line of a chunked body.

use super::chunks::{Chunks, Decoded, take};
use super::head::{self, Framing};
use super::malformed::Malformed;
use super::trust::Trust;
use crate::gateway::responder::Message;
use std::net::IpAddr;
use std::sync::Arc;

/// The state machine.
#[derive(Debug)]
pub(super) struct Codec {
    trust: Arc<Trust>,
    peer: Option<IpAddr>,
    limits: HeadLimits,
    /// The head so far.
    head: Vec<u8>,
    place: Place,
    omits_body: bool,
    /// True as long as the client waits until it is asked for the body.
    awaits_invitation: bool,
}

/// Bounds of a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    pub(super) bytes: usize,
    pub(super) fields: usize,
}

/// The place in the request of the next byte.
#[derive(Debug)]
enum Place {
    Head,
    Length {
        left: u64,
    },
    Chunked(Chunks),
    /// After the request, or after what was not understood.
    Over,
}

impl Codec {
    pub(super) fn new(trust: Arc<Trust>, peer: Option<IpAddr>, limits: HeadLimits) -> Self {
        let (head, place) = (Vec::new(), Place::Head);
        Self { trust, peer, limits, head, place, omits_body: false, awaits_invitation: false }
    }

    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// True for a request whose answer has no body.
    pub(super) fn omits_body(&self) -> bool {
        self.omits_body
    }

    /// True before the end of the head.
    pub(super) fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    pub(super) fn awaits_invitation(&self) -> bool {
        self.awaits_invitation
    }

    /// The client is asked for the body.
    pub(super) fn invite(&mut self) {
        self.awaits_invitation = false;
    }

    /// Nothing that still comes is looked at.
    pub(super) fn end(&mut self) {
        self.place = Place::Over;
    }

    /// Takes input up to the next message; `None` when all of it is taken.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, Malformed> {
        match &mut self.place {
            Place::Head => self.head(input),
            Place::Length { left: 0 } => Ok(Some(self.complete())),
            Place::Length { left } => {
                let part = take(input, *left);
                *left -= part.len() as u64;
                Ok((!part.is_empty()).then_some(Message::Body(part)))
            }
            Place::Chunked(chunks) => match chunks.next(input)? {
                None => Ok(None),
                Some(Decoded::Part(part)) => Ok(Some(Message::Body(part))),
                Some(Decoded::End) => Ok(Some(self.complete())),
            },
            Place::Over => {
                *input = &[];
                Ok(None)
            }
        }
    }

    fn complete<'a>(&mut self) -> Message<'a> {
        self.place = Place::Over;
        Message::End
    }

    /// Collects the head, without the empty lines that some clients send before it (RFC 9112 §2.2).
    fn head<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, Malformed> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            if self.head.is_empty() && b"\r\n".contains(&byte) {
                continue;
            }
            self.head.push(byte);
            if self.head.len() > self.limits.bytes {
                return Err(Malformed::TooLong);
            }
            if byte == b'\n' && !self.head.ends_with(b"\r\n") {
                return Err(Malformed::LineEnd);
            }
            if self.head.ends_with(b"\r\n\r\n") {
                return self.begin().map(Some);
            }
        }
        Ok(None)
    }

    fn begin<'a>(&mut self) -> Result<Message<'a>, Malformed> {
        let bytes = std::mem::take(&mut self.head);
        let head = head::read(&bytes, self.limits.fields, self.peer, &self.trust)?;
        self.place = match head.framing {
            Framing::None => Place::Length { left: 0 },
            Framing::Length(left) => Place::Length { left },
            Framing::Chunked => Place::Chunked(Chunks::new()),
        };
        (self.omits_body, self.awaits_invitation) = (head.omits_body, head.expects_continue);
        Ok(Message::Head(head.params))
    }
}
