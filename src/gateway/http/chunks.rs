//! Pure. The chunked transfer coding (RFC 9112 §7.1), split anywhere. Extensions and trailers are read and dropped.

use super::malformed::MalformedRequest;

/// Most bytes of a line: a chunk's size with its extensions, or a trailer.
const LINE_BYTES: usize = 1024;
/// Most bytes of all trailers.
const TRAILERS_BYTES: usize = 8 * 1024;

/// The state of one body.
#[derive(Debug)]
pub(super) struct Chunks {
    place: ChunkState,
    /// The line so far.
    line: Vec<u8>,
    trailers_bytes: usize,
}

/// The place in the body of the next byte.
#[derive(Debug, Clone, Copy)]
enum ChunkState {
    Size,
    Data { left: u64 },
    AfterData,
    Trailers,
}

/// A piece of the body that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decoded<'a> {
    Part(&'a [u8]),
    End,
}

impl Chunks {
    pub(super) fn new() -> Self {
        Self { place: ChunkState::Size, line: Vec::new(), trailers_bytes: 0 }
    }

    /// Takes input up to the next piece; `None` when all of it is taken.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Decoded<'a>>, MalformedRequest> {
        loop {
            match self.place {
                ChunkState::Data { left: 0 } => self.place = ChunkState::AfterData,
                ChunkState::Data { left } => {
                    let part = take(input, left);
                    self.place = ChunkState::Data { left: left - part.len() as u64 };
                    return Ok((!part.is_empty()).then_some(Decoded::Part(part)));
                }
                ChunkState::Size | ChunkState::AfterData | ChunkState::Trailers => {
                    let Some(line) = self.line(input)? else { return Ok(None) };
                    match self.after(&line)? {
                        Some(next) => self.place = next,
                        None => return Ok(Some(Decoded::End)),
                    }
                }
            }
        }
    }

    /// The place that a whole line leads to; `None` at the end of the body.
    fn after(&mut self, line: &[u8]) -> Result<Option<ChunkState>, MalformedRequest> {
        match self.place {
            ChunkState::Size => match size(line)? {
                0 => Ok(Some(ChunkState::Trailers)),
                left => Ok(Some(ChunkState::Data { left })),
            },
            ChunkState::Trailers if line.is_empty() => Ok(None),
            ChunkState::Trailers => {
                self.trailers_bytes += line.len();
                if self.trailers_bytes > TRAILERS_BYTES {
                    Err(MalformedRequest::Chunk)
                } else {
                    Ok(Some(ChunkState::Trailers))
                }
            }
            ChunkState::AfterData | ChunkState::Data { .. } if line.is_empty() => Ok(Some(ChunkState::Size)),
            ChunkState::AfterData | ChunkState::Data { .. } => Err(MalformedRequest::Chunk),
        }
    }

    /// A whole line without its end, which is a carriage return and a line feed and nothing else.
    fn line(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, MalformedRequest> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            match (byte, self.line.last()) {
                (b'\n', Some(b'\r')) => {
                    self.line.pop();
                    return Ok(Some(std::mem::take(&mut self.line)));
                }
                (b'\n', _) | (_, Some(b'\r')) => return Err(MalformedRequest::Chunk),
                _ if self.line.len() == LINE_BYTES => return Err(MalformedRequest::Chunk),
                _ => self.line.push(byte),
            }
        }
        Ok(None)
    }
}

/// The size at the beginning of a line. No sign, no blank and no prefix: others read those in other ways.
fn size(line: &[u8]) -> Result<u64, MalformedRequest> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let is_hex = !digits.is_empty() && digits.len() <= 16 && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex);
    digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).ok_or(MalformedRequest::Chunk)
}

/// Up to `want` bytes from the front of `input`.
pub(super) fn take<'a>(input: &mut &'a [u8], want: u64) -> &'a [u8] {
    let (part, rest) = input.split_at(usize::try_from(want).unwrap_or(usize::MAX).min(input.len()));
    *input = rest;
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body, and what is left of the input after its end; the input comes in pieces of `piece_bytes`.
    fn decoded(stream: &[u8], piece_bytes: usize) -> Result<Option<(Vec<u8>, usize)>, MalformedRequest> {
        let (mut chunks, mut body, mut seen) = (Chunks::new(), Vec::new(), 0);
        for mut piece in stream.chunks(piece_bytes) {
            seen += piece.len();
            while let Some(decoded) = chunks.next(&mut piece)? {
                match decoded {
                    Decoded::Part(part) => body.extend(part),
                    Decoded::End => return Ok(Some((body, stream.len() - seen + piece.len()))),
                }
            }
            assert!(piece.is_empty(), "input was left");
        }
        Ok(None)
    }

    /// The same, whichever way the input is cut.
    fn body(stream: &[u8]) -> Result<Option<(Vec<u8>, usize)>, MalformedRequest> {
        let whole = decoded(stream, stream.len());
        for piece_bytes in 1..stream.len() {
            assert_eq!(decoded(stream, piece_bytes), whole, "in pieces of {piece_bytes}");
        }
        whole
    }

    #[test]
    fn a_body_is_the_same_however_it_is_cut() {
        let stream = b"5\r\nhello\r\n0000006;a=b;c=\"d\"\r\n, worl\r\nA\r\nd, and all\r\n0\r\nX-Trailer: y\r\n\r\nGET";
        assert_eq!(body(stream), Ok(Some((b"hello, world, and all".to_vec(), 3))));
        assert_eq!(body(b"0\r\n\r\n"), Ok(Some((Vec::new(), 0))));
    }

    #[test]
    fn a_body_that_is_cut_off_has_no_end() {
        for stream in [&b"5\r\nhel"[..], b"5\r\nhello", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"0\r\n\r", b"5"] {
            assert_eq!(body(stream), Ok(None), "{}", stream.escape_ascii());
        }
    }

    #[test]
    fn what_others_could_read_in_another_way_is_refused() {
        for stream in [
            &b"\r\nhello"[..],
            b"+5\r\nhello\r\n",
            b"-5\r\nhello\r\n",
            b"0x5\r\nhello\r\n",
            b" 5\r\nhello\r\n",
            b"5 \r\nhello\r\n",
            b"5 ;a\r\nhello\r\n",
            b"5_\r\nhello\r\n",
            b"g\r\nhello\r\n",
            b"5\nhello\r\n",
            b"5;\n\r\nhello\r\n",
            b"5;a\rb\r\nhello\r\n",
            b"5\rX\nhello\r\n",
            b"5\r\nhello\n",
            b"5\r\nhello!\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"00000000000000005\r\nhello\r\n",
            b"ffffffffffffffff0\r\nhello\r\n",
            b"0\r\nX: y\n\r\n",
            b"0\r\n\n",
        ] {
            assert_eq!(body(stream), Err(MalformedRequest::Chunk), "{}", stream.escape_ascii());
        }
    }

    #[test]
    fn neither_extensions_nor_trailers_grow() {
        let extension = [b"5;".as_slice(), &[b'x'; LINE_BYTES], b"\r\nhello\r\n"].concat();
        assert_eq!(decoded(&extension, 7), Err(MalformedRequest::Chunk));
        let trailer = [b"X: ".as_slice(), &[b'y'; 500], b"\r\n"].concat();
        let trailers = [b"0\r\n".to_vec(), trailer.repeat(20), b"\r\n".to_vec()].concat();
        assert_eq!(decoded(&trailers, 7), Err(MalformedRequest::Chunk));
    }
}
