//! FastCGI records. However the stream is cut, the same is understood of it, and nothing is kept beyond the bounds.

use hookspool::gateway::fastcgi::Violation;
use hookspool::gateway::fastcgi::codec::{CodecLimits, FastCgiCodec};
use hookspool::gateway::{Message, Params, head};

const BOUNDS: CodecLimits = CodecLimits { params_bytes: 512, pairs: 16, connections: 7 };

/// An event that owns its bytes; neighbouring parts of a body are one.
#[derive(Debug, PartialEq)]
enum Seen {
    Head(Params),
    Body(Vec<u8>),
    End,
    Abort,
    Send(Vec<u8>),
    Refuse(Vec<u8>, bool, bool),
    Broken(Violation),
}

pub fn run(stream: &[u8]) {
    let whole = understood(stream, usize::MAX, usize::MAX);
    assert_eq!(whole, understood(stream, 1, usize::MAX), "byte by byte");
    assert_eq!(whole, understood(stream, 7, 3), "in sevens, the body in threes");
}

/// What a responder would see that answers a request at its end.
fn understood(stream: &[u8], piece_bytes: usize, body_bytes: usize) -> Vec<Seen> {
    let mut codec = FastCgiCodec::new(BOUNDS);
    let mut seen = Vec::new();
    for mut piece in stream.chunks(piece_bytes.min(stream.len().max(1))) {
        loop {
            match codec.next(&mut piece, body_bytes) {
                Ok(None) => break,
                Ok(Some(event)) => note(event, &mut seen),
                Err(violation) => {
                    seen.push(Seen::Broken(violation));
                    return seen;
                }
            }
            match seen.last() {
                Some(Seen::End | Seen::Abort) => codec.end_request(),
                Some(Seen::Refuse(_, false, _)) => return seen,
                _ => {}
            }
        }
        assert!(piece.is_empty(), "input was left");
    }
    seen
}

fn note(event: Message<'_>, seen: &mut Vec<Seen>) {
    match (event, seen.last_mut()) {
        (Message::Body(part), Some(Seen::Body(body))) => body.extend(part),
        (Message::Body(part), _) => seen.push(Seen::Body(part.to_vec())),
        (Message::Head(params), _) => {
            assert!(params.len() <= BOUNDS.pairs);
            // Whatever the parameters are, they become a request or a refusal.
            let _ = head(&params);
            seen.push(Seen::Head(params));
        }
        (Message::End, _) => seen.push(Seen::End),
        (Message::Abort, _) => seen.push(Seen::Abort),
        (Message::Send(bytes), _) => seen.push(Seen::Send(bytes)),
        (Message::Refuse { reply, keep, why }, _) => seen.push(Seen::Refuse(reply, keep, why.is_some())),
    }
}
