//! Pure. One field of an `application/x-www-form-urlencoded` body, decoded as a stream.

use std::io::{self, Read};

/// The reason that a form has no usable document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// `%` without two hex digits, anywhere in the body.
    #[error("invalid percent-encoding in the form")]
    Percent,
    /// A byte that forms hold in percent-encoding only.
    #[error("a byte in the form that should be percent-encoded")]
    Bare,
    /// The wanted field is there more than once: which one was signed?
    #[error("field `{0}` occurs more than once in the form")]
    Repeated(&'static str),
    /// The wanted field is not there.
    #[error("no field `{0}` in the form")]
    Missing(&'static str),
}

/// Finds one field of a form and hands on its decoded value, whatever pieces the body comes in. Memory does not
/// grow with the body. Strict (URL Standard §5.1 is lenient about `%`): whatever two readers of a form could
/// understand differently is refused.
#[derive(Debug, Clone)]
pub(crate) struct FormField {
    wanted: &'static str,
    part: FormPart,
    percent: Percent,
    seen: bool,
}

/// The part of `name=value&name=value` to which the next byte belongs.
#[derive(Debug, Clone, Copy)]
enum FormPart {
    /// In a name, after so many bytes that agree with the wanted one; `None` when they do not.
    Name(Option<usize>),
    /// In the wanted value.
    SampleOf,
    /// In another value.
    Other,
}

/// The part of a `%XX` that has been read.
#[derive(Debug, Clone, Copy)]
enum Percent {
    None,
    Sign,
    High(u8),
}

/// Decoded bytes are handed on in pieces of this size.
const PIECE_BYTES: usize = 4096;

impl FormField {
    pub(crate) fn new(wanted: &'static str) -> Self {
        Self { wanted, part: FormPart::Name(Some(0)), percent: Percent::None, seen: false }
    }

    /// Takes the next bytes of the body and gives the decoded ones of the wanted field to `take`.
    pub(crate) fn feed(&mut self, bytes: &[u8], take: &mut impl FnMut(&[u8])) -> Result<(), FormError> {
        let mut piece = Vec::with_capacity(bytes.len().min(PIECE_BYTES));
        for chunk in bytes.chunks(PIECE_BYTES) {
            piece.clear();
            for &byte in chunk {
                piece.extend(self.step(byte)?);
            }
            take(&piece);
        }
        Ok(())
    }

    /// Says whether the whole body held the wanted field, once.
    pub(crate) fn finish(mut self) -> Result<(), FormError> {
        if !matches!(self.percent, Percent::None) {
            return Err(FormError::Percent);
        }
        self.end_of_name()?;
        if self.seen { Ok(()) } else { Err(FormError::Missing(self.wanted)) }
    }

    /// One byte of the body; a decoded byte of the wanted value, if this completes one.
    fn step(&mut self, byte: u8) -> Result<Option<u8>, FormError> {
        match (self.percent, byte) {
            (Percent::None, b'%') => self.percent = Percent::Sign,
            (Percent::None, b'&') => {
                self.end_of_name()?;
                self.part = FormPart::Name(Some(0));
            }
            (Percent::None, b'=') if matches!(self.part, FormPart::Name(_)) => self.end_of_name()?,
            (Percent::None, b'+') => return Ok(self.decoded(b' ')),
            (Percent::None, plain) if is_bare(plain) => return Ok(self.decoded(plain)),
            (Percent::None, _) => return Err(FormError::Bare),
            (Percent::Sign, digit) => self.percent = Percent::High(hex_digit(digit)?),
            (Percent::High(high), digit) => {
                self.percent = Percent::None;
                let low = hex_digit(digit)?;
                return Ok(self.decoded(high << 4 | low));
            }
        }
        Ok(None)
    }

    /// A decoded byte of a name or value.
    fn decoded(&mut self, byte: u8) -> Option<u8> {
        match &mut self.part {
            FormPart::SampleOf => return Some(byte),
            FormPart::Other => {}
            FormPart::Name(agreed) => {
                *agreed = agreed.filter(|&at| self.wanted.as_bytes().get(at) == Some(&byte)).map(|at| at + 1);
            }
        }
        None
    }

    /// A name has ended, if we are in one: what follows is its value.
    fn end_of_name(&mut self) -> Result<(), FormError> {
        let FormPart::Name(agreed) = self.part else { return Ok(()) };
        if agreed != Some(self.wanted.len()) {
            self.part = FormPart::Other;
            return Ok(());
        }
        if self.seen {
            return Err(FormError::Repeated(self.wanted));
        }
        self.seen = true;
        self.part = FormPart::SampleOf;
        Ok(())
    }
}

/// True if senders leave `byte` as it is. Quotes and braces never are: a JSON text that is passed off as a form, with
/// a field of the attacker's making in one of its strings, must not be read as one where only raw bytes are signed.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte)
}

fn hex_digit(digit: u8) -> Result<u8, FormError> {
    let value = char::from(digit).to_digit(16).ok_or(FormError::Percent)?;
    u8::try_from(value).map_err(|_| FormError::Percent)
}

/// The end of a decoded stream.
#[derive(Debug, Clone, Copy)]
enum StreamEnd {
    Whole,
    Broken(FormError),
}

/// The decoded value of one field, as a stream. An error of the form is an `InvalidData` error of the stream, at
/// the latest where the body ends.
pub(crate) struct DecodedField<R> {
    body: R,
    /// The decoder, until the body ends or turns out to be broken.
    field: Result<FormField, StreamEnd>,
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> DecodedField<R> {
    pub(crate) fn new(body: R, wanted: &'static str) -> Self {
        Self { body, field: Ok(FormField::new(wanted)), ready: Vec::new(), given: 0 }
    }

    /// Decodes the next piece of the body; says how the stream ended when there is none.
    fn refill(&mut self) -> io::Result<Result<(), StreamEnd>> {
        let mut raw = [0; PIECE_BYTES];
        let field = match &mut self.field {
            Ok(field) => field,
            Err(end) => return Ok(Err(*end)),
        };
        let count = self.body.read(&mut raw)?;
        self.ready.clear();
        self.given = 0;
        let ready = &mut self.ready;
        let fed = match count {
            0 => Err(field.clone().finish().map_or_else(StreamEnd::Broken, |()| StreamEnd::Whole)),
            _ => field.feed(&raw[..count], &mut |piece| ready.extend_from_slice(piece)).map_err(StreamEnd::Broken),
        };
        if let Err(end) = fed {
            self.ready.clear();
            self.field = Err(end);
        }
        Ok(fed)
    }
}

impl<R: Read> Read for DecodedField<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            match self.refill()? {
                Ok(()) => {}
                Err(StreamEnd::Whole) => return Ok(0),
                Err(StreamEnd::Broken(error)) => return Err(io::Error::new(io::ErrorKind::InvalidData, error)),
            }
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(body: &[u8]) -> Result<Vec<u8>, FormError> {
        let mut out = Vec::new();
        let mut field = FormField::new("payload");
        field.feed(body, &mut |piece| out.extend_from_slice(piece))?;
        field.finish().map(|()| out)
    }

    #[test]
    fn the_wanted_field_is_decoded_and_others_are_ignored() {
        for (body, value) in [
            (&b"payload=%7B%22a%22%3A+1%7D"[..], &b"{\"a\": 1}"[..]),
            (b"a=1&payload=x&b=2", b"x"),
            (b"payload=a%2Bb", b"a+b"),
            (b"payload=a=b", b"a=b"),
            (b"payload=", b""),
            (b"payload", b""),
            (b"&&payload=x&", b"x"),
            (b"pay%6coad=x", b"x"),
            (b"payloads=y&payload=x&payloa=z", b"x"),
            (b"payload=%e9%00", b"\xe9\0"),
        ] {
            assert_eq!(decode(body).as_deref(), Ok(value), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        for (body, error) in [
            (&b""[..], FormError::Missing("payload")),
            (b"Payload=x", FormError::Missing("payload")),
            (b"payload=x&payload=x", FormError::Repeated("payload")),
            (b"payload=x&pa%79load=y", FormError::Repeated("payload")),
            (b"payload=x&payload", FormError::Repeated("payload")),
            (b"{\"a\":\"&payload=x&\"}", FormError::Bare),
            (b"payload=a b", FormError::Bare),
            (b"payload=\xe9", FormError::Bare),
            (b"payload=%", FormError::Percent),
            (b"payload=%4", FormError::Percent),
            (b"payload=%4g", FormError::Percent),
            (b"payload=%+1", FormError::Percent),
            (b"payload=x&b=%zz", FormError::Percent),
            (b"payload=x&b%", FormError::Percent),
        ] {
            assert_eq!(decode(body), Err(error), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn a_broken_form_breaks_the_stream() {
        let mut out = Vec::new();
        let mut decoded = DecodedField::new(&b"payload=abc&payload=d"[..], "payload");
        for _ in 0..2 {
            let error = decoded.read_to_end(&mut out).unwrap_err();
            assert_eq!((out.as_slice(), error.kind()), (&b""[..], io::ErrorKind::InvalidData));
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(body in "(payload|a|%70|%|\\+|=|&|x|\"){0,30}", cut in 0_usize..60) {
            let cut = cut.min(body.len());
            let (first, second) = body.as_bytes().split_at(cut);
            let mut out = Vec::new();
            let mut field = FormField::new("payload");
            let mut take = |piece: &[u8]| out.extend_from_slice(piece);
            let fed = field.feed(first, &mut take).and_then(|()| field.feed(second, &mut take));
            let parts = fed.and_then(|()| field.finish()).map(|()| out);
            prop_assert_eq!(&parts, &decode(body.as_bytes()));

            let mut streamed = Vec::new();
            let read = DecodedField::new(first.chain(second), "payload").read_to_end(&mut streamed);
            prop_assert_eq!(read.ok().map(|_| streamed), parts.ok());
        }
    }
}
