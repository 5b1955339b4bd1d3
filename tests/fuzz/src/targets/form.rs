//! Form bodies, against a decoder that holds the whole body and looks at it field by field.

use super::headers::{head, secret};
use hookspool::model::Head;
use hookspool::provider::Provider;
use jiff::Timestamp;
use std::io::Read;

pub fn run(body: &[u8]) {
    let expected = decoded(body, b"payload");
    let mut streamed = Vec::new();
    let read = Provider::Github.document(true, &mut Pieces(body)).read_to_end(&mut streamed);
    assert_eq!(read.ok().map(|_| streamed), expected, "the stream and the whole differ");

    // Gitea signs what is inside: exactly a form that can be decoded in one way can be authentic.
    let inside = expected.as_deref().unwrap_or(body);
    let headers =
        Provider::Gitea.sign(&secret(), inside, "push", "1", Timestamp::UNIX_EPOCH).expect("any secret will do");
    let head = Head { content_type: "application/x-www-form-urlencoded".into(), ..head(&headers, body) };
    let mut check = Provider::Gitea.begin(&head, &[secret()], Timestamp::UNIX_EPOCH).expect("well-formed headers");
    body.chunks(3).for_each(|piece| check.update(piece));
    assert_eq!(check.finish(&mut &*body).is_ok(), expected.is_some(), "signed is not what is decoded");
}

/// A body that arrives five bytes at a time.
struct Pieces<'a>(&'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = buffer.len().min(5);
        self.0.read(&mut buffer[..room])
    }
}

/// The value of the only field called `wanted`, if every byte of the form is one that a form may hold.
fn decoded(body: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut found = None;
    for field in body.split(|&b| b == b'&') {
        let mut parts = field.splitn(2, |&b| b == b'=');
        let name = unescaped(parts.next().unwrap_or_default())?;
        let value = unescaped(parts.next().unwrap_or_default())?;
        if name == wanted && found.replace(value).is_some() {
            return None;
        }
    }
    found
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => digit(bytes.next()?)? * 16 + digit(bytes.next()?)?,
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => return None,
            0x21..=0x7e => byte,
            _ => return None,
        });
    }
    Some(out)
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}
