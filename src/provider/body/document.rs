//! Pure. The JSON document of a body, which may be a form around it.

use super::form::DecodedField;
use std::io::Read;

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
