//! Pure. The JSON document of a body, which may be a form around it.

use super::Denied;
use super::facts::Facts;
use super::form::DecodedField;
use std::io::Read;

/// The document as a stream: the body itself, or the decoded `form_field` of it.
pub(super) fn open<'a>(form_field: Option<&'static str>, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
    match form_field {
        None => Box::new(body),
        Some(field) => Box::new(DecodedField::new(body, field)),
    }
}

/// The text at `token` of the document, which must be there once.
pub(super) fn token(form_field: Option<&'static str>, body: &mut dyn Read) -> Result<String, Denied> {
    let facts = Facts::read(&["token"], open(form_field, body)).map_err(|error| Denied::Body(error.to_string()))?;
    match facts.text("token") {
        None => Err(Denied::Absent { header: "token".to_owned() }),
        Some("") => Err(Denied::Empty { header: "token".to_owned() }),
        Some(token) => Ok(token.to_owned()),
    }
}
