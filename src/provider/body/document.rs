//! Pure. The JSON document of a body, which may be a form around it.

use super::form::DecodedField;
use std::io::Read;

/// A document on its way to be read.
pub(crate) struct Document<'a> {
    text: Box<dyn Read + 'a>,
    /// True if anybody wants to know which paths were changed: they can be many.
    pub(crate) keep_paths: bool,
}

impl<'a> Document<'a> {
    /// A document whose text is read from `text`.
    pub(crate) fn new(text: impl Read + 'a, keep_paths: bool) -> Self {
        Self { text: Box::new(text), keep_paths }
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
