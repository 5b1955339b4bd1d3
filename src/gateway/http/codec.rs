//! Pure. One connection's incoming bytes as a state machine: split anywhere, one request and no more. It holds no more
//! than a head, or a line of a chunked body.

use super::chunks::{Chunks, Decoded, take};
use super::head::{self, Framing};
use super::malformed::MalformedRequest;
use super::trust::Trust;
use crate::gateway::responder::Message;
use std::net::IpAddr;
use std::sync::Arc;

/// The state machine.
#[derive(Debug)]
pub(super) struct HttpCodec {
    trust: Arc<Trust>,
    peer: Option<IpAddr>,
    limits: HeadLimits,
    /// The head so far.
    head: Vec<u8>,
    place: ReadState,
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
enum ReadState {
    Head,
    Length {
        left: u64,
    },
    Chunked(Chunks),
    /// After the request, or after what was not understood.
    Over,
}

impl HttpCodec {
    pub(super) fn new(trust: Arc<Trust>, peer: Option<IpAddr>, limits: HeadLimits) -> Self {
        let (head, place) = (Vec::new(), ReadState::Head);
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
        matches!(self.place, ReadState::Head)
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
        self.place = ReadState::Over;
    }

    /// Takes input up to the next message; `None` when all of it is taken.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, MalformedRequest> {
        match &mut self.place {
            ReadState::Head => self.head(input),
            ReadState::Length { left: 0 } => Ok(Some(self.complete())),
            ReadState::Length { left } => {
                let part = take(input, *left);
                *left -= part.len() as u64;
                Ok((!part.is_empty()).then_some(Message::Body(part)))
            }
            ReadState::Chunked(chunks) => match chunks.next(input)? {
                None => Ok(None),
                Some(Decoded::Part(part)) => Ok(Some(Message::Body(part))),
                Some(Decoded::End) => Ok(Some(self.complete())),
            },
            ReadState::Over => {
                *input = &[];
                Ok(None)
            }
        }
    }

    fn complete<'a>(&mut self) -> Message<'a> {
        self.place = ReadState::Over;
        Message::End
    }

    /// Collects the head, without the empty lines that some clients send before it (RFC 9112 §2.2).
    fn head<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, MalformedRequest> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            if self.head.is_empty() && b"\r\n".contains(&byte) {
                continue;
            }
            self.head.push(byte);
            if self.head.len() > self.limits.bytes {
                return Err(MalformedRequest::TooLong);
            }
            if byte == b'\n' && !self.head.ends_with(b"\r\n") {
                return Err(MalformedRequest::LineEnd);
            }
            if self.head.ends_with(b"\r\n\r\n") {
                return self.begin().map(Some);
            }
        }
        Ok(None)
    }

    fn begin<'a>(&mut self) -> Result<Message<'a>, MalformedRequest> {
        let bytes = std::mem::take(&mut self.head);
        let head = head::read(&bytes, self.limits.fields, self.peer, &self.trust)?;
        self.place = match head.framing {
            Framing::None => ReadState::Length { left: 0 },
            Framing::Length(left) => ReadState::Length { left },
            Framing::Chunked => ReadState::Chunked(Chunks::new()),
        };
        (self.omits_body, self.awaits_invitation) = (head.omits_body, head.expects_continue);
        Ok(Message::Head(head.params))
    }
}

#[cfg(test)]
mod tests {
    use crate::gateway::http::probe;
    use proptest::prelude::*;

    fn understood(stream: &[u8], piece_bytes: usize) -> probe::Understood {
        probe::understood(stream, piece_bytes, 300, 5)
    }

    /// One of `known`, or seldom something else.
    fn piece(known: &[&str]) -> impl Strategy<Value = Vec<u8>> + use<> {
        let known: Vec<Vec<u8>> = known.iter().map(|text| text.as_bytes().to_vec()).collect();
        prop_oneof![30 => prop::sample::select(known), 1 => prop::collection::vec(any::<u8>(), 0..4)]
    }

    /// Pieces of requests, right and wrong, in an order that gets deep.
    fn streams() -> impl Strategy<Value = Vec<u8>> {
        let first = piece(&["POST / HTTP/1.1\r\nHost: h\r\n", "\r\nGET /a HTTP/1.0\r\n"]);
        let length = ["Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length : 5\r\n"];
        let coding = ["Transfer-Encoding: chunked\r\n", "transfer-encoding:chunked\r\n", "Transfer-Encoding: x\r\n"];
        let field = piece(&[&length[..], &coding, &["X: y\r\n", "Expect: 100-continue\r\n", " z\r\n"]].concat());
        let end = piece(&["\r\n"]);
        let body = piece(&["hello", "5\r\nhello\r\n", "3;a=b\r\nhel\r\n", "0\r\n\r\n", "0\r\nA: b\r\n\r\n", "5\n"]);
        let (fields, body) = (prop::collection::vec(field, 0..3), prop::collection::vec(body, 0..5));
        (first, fields, end, body)
            .prop_map(|(first, fields, end, body)| [first, fields.concat(), end, body.concat()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn however_a_stream_is_cut_the_same_is_understood_and_one_request_at_most(
            stream in streams(), piece_bytes in 1_usize..9,
        ) {
            let whole = understood(&stream, stream.len());
            prop_assert_eq!(&whole, &understood(&stream, piece_bytes));
            prop_assert!(whole.requests.len() <= 1);
            let length = whole.requests.first().and_then(|params| params.get(b"CONTENT_LENGTH"));
            prop_assert!(!whole.ended || length.is_none_or(|length| length == whole.body.len().to_string().as_bytes()));
        }
    }
}
