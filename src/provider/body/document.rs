//! Pure. The JSON document of a body, which may be a form around it.

use super::form::DecodedField;
use std::io::{self, Cursor, Read};

/// The wishes of a hook about how its deliveries are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The changed paths are wanted: they can be many.
    pub keep_paths: bool,
    /// The payload has GitHub's `ref`, `before` and `after`, where the scheme says nothing of payloads.
    pub github_payload: bool,
    /// The header that holds the delivery id, in lower case, where the scheme has none.
    pub delivery_header: Option<String>,
}

/// A document on its way to be read.
pub(crate) struct Document<'a> {
    text: Box<dyn Read + 'a>,
    pub(crate) options: &'a ReadOptions,
}

impl<'a> Document<'a> {
    /// A document whose text is read from `text`.
    pub(crate) fn new(text: impl Read + 'a, options: &'a ReadOptions) -> Self {
        Self { text: Box::new(text), options }
    }
}

impl Read for Document<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.text.read(buffer)
    }
}

/// The document as a stream: the body itself, or the decoded `form_field` of it.
pub(crate) fn open<'a>(form_field: Option<&'static str>, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
    match form_field {
        None => Box::new(body),
        Some(field) => Box::new(DecodedField::new(body, field)),
    }
}

/// As `open` of a form that begins with `form_field`, and any other body as it is.
pub(crate) fn open_if_first<'a>(form_field: &'static str, mut body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
    let first = format!("{form_field}=");
    let mut start = Vec::new();
    let begun = Read::take(&mut body, first.len() as u64).read_to_end(&mut start);
    let is_first = start == first.as_bytes();
    let whole = Cursor::new(start).chain(body);
    match begun {
        Err(error) => Box::new(Broken(Some(error))),
        Ok(_) if is_first => Box::new(DecodedField::new(whole, form_field)),
        Ok(_) => Box::new(whole),
    }
}

/// A body whose beginning could not be read.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
