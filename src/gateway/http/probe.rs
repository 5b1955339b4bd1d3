//! Pure. A door for tests that throw bytes at the reader of requests: no socket, no time.

use super::codec::{HeadLimits, HttpCodec};
use crate::gateway::responder::{Message, Params};
use std::sync::Arc;

/// The parts of a stream, as they were understood; neighbouring parts of a body are one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Understood {
    /// The head of each request: one at most.
    pub requests: Vec<Params>,
    /// The bodies, decoded.
    pub body: Vec<u8>,
    /// `true` if the request was whole.
    pub ended: bool,
    /// The reason for which the stream was refused, if it was.
    pub refused: Option<String>,
}

/// Reads `stream` in pieces, with a head of at most so many bytes and fields.
///
/// # Panics
/// Where the reader leaves input that it should take, or says what no request can bring about.
pub fn understood(stream: &[u8], piece_bytes: usize, head_bytes: usize, fields: usize) -> Understood {
    let mut codec = HttpCodec::new(Arc::default(), None, HeadLimits { bytes: head_bytes, fields });
    let mut understood = Understood::default();
    for mut piece in stream.chunks(piece_bytes.max(1)) {
        loop {
            match codec.next(&mut piece) {
                Ok(None) => break,
                Ok(Some(message)) => note(message, &mut understood),
                Err(malformed) => return Understood { refused: Some(malformed.to_string()), ..understood },
            }
        }
        assert!(piece.is_empty(), "input was left");
    }
    understood
}

fn note(message: Message<'_>, understood: &mut Understood) {
    match message {
        Message::Head(params) => understood.requests.push(params),
        Message::Body(part) => understood.body.extend(part),
        Message::End => understood.ended = true,
        other => panic!("{other:?}"),
    }
}
