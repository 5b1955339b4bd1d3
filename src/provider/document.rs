//! Pure. The JSON document of a body, which may be a form around it.

use super::Denied;
use super::facts::Facts;
use super::form::DecodedField;
use std::io::Read;

/// A document on its way to be read.
pub(super) struct Document<'a> {
    text: Box<dyn Read + 'a>,
    /// Whether anybody wants to know which paths were changed: they can be many.
    pub(super) keep_paths: bool,
}

impl<'a> Document<'a> {
    pub(super) fn new(text: impl Read + 'a, keep_paths: bool) -> Self {
        Self { text: Box::new(text), keep_paths }
    }
}

impl Read for Document<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.text.read(buffer)
    }
}

/// The document as a stream: the body itself, or the decoded `form_field` of it.
pub(super) fn open<'a>(form_field: Option<&'static str>, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
    match form_field {
        None => Box::new(body),
        Some(field) => Box::new(DecodedField::new(body, field)),
    }
}

/// The text at `token` of the document, which must be there once.
pub(super) fn token(form_field: Option<&'static str>, body: &mut dyn Read) -> Result<String, Denied> {
    let facts = Facts::read(&["token"], Document::new(open(form_field, body), false))
        .map_err(|error| Denied::Body(error.to_string()))?;
    match facts.text("token") {
        None => Err(Denied::Absent { header: "token".to_owned() }),
        Some("") => Err(Denied::Empty { header: "token".to_owned() }),
        Some(token) => Ok(token.to_owned()),
    }
}
