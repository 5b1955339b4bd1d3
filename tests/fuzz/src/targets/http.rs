//! Requests of HTTP/1.1. However the stream is cut, the same is understood of it, one request at most, and its body is
//! the one that a reader sees who holds the whole and knows two rules: a length, or chunks.

use hookspool::gateway::head;
use hookspool::gateway::http::probe::{Understood, understood};

const HEAD_BYTES: usize = 512;
const FIELDS: usize = 16;

pub fn run(stream: &[u8]) {
    let whole = read(stream, usize::MAX);
    for piece_bytes in [1, 7] {
        assert_eq!(whole, read(stream, piece_bytes), "in pieces of {piece_bytes}");
    }
    assert!(whole.requests.len() <= 1, "two requests");
    let Some(params) = whole.requests.first() else {
        assert!(whole.body.is_empty() && !whole.ended, "a body without a head");
        return;
    };
    // Whatever they are, they become a request or a refusal.
    let _ = head(params);
    if whole.ended {
        assert_eq!(Some(&whole.body), body(stream).as_ref(), "another body than what is plain to see");
        assert!(params.get(b"CONTENT_LENGTH").is_none_or(|length| length == whole.body.len().to_string().as_bytes()));
    }
}

fn read(stream: &[u8], piece_bytes: usize) -> Understood {
    understood(stream, piece_bytes.min(stream.len().max(1)), HEAD_BYTES, FIELDS)
}

/// The body behind a head that says in one way where it ends.
fn body(stream: &[u8]) -> Option<Vec<u8>> {
    let begin = stream.iter().position(|byte| !b"\r\n".contains(byte))?;
    let end = begin + stream[begin..].windows(4).position(|four| four == b"\r\n\r\n")?;
    let lines = stream[begin..end].split(|&byte| byte == b'\n').skip(1);
    let fields: Vec<(Vec<u8>, &[u8])> = lines.filter_map(field).collect();
    let values =
        |name: &'static str| fields.iter().filter(move |(known, _)| known == name.as_bytes()).map(|(_, value)| *value);
    let (lengths, codings): (Vec<_>, Vec<_>) =
        (values("content-length").collect(), values("transfer-encoding").collect());
    let rest = &stream[end + 4..];
    match (&lengths[..], &codings[..]) {
        ([], []) => Some(Vec::new()),
        ([length], []) => Some(rest.get(..std::str::from_utf8(length).ok()?.parse().ok()?)?.to_vec()),
        ([], [_]) => unchunked(rest),
        _ => None,
    }
}

fn field(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    Some((line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii()))
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let digits = rest[..end].split(|&byte| byte == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(..size)?);
        rest = rest[size..].strip_prefix(b"\r\n")?;
    }
}
