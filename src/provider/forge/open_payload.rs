//! Pure. The payload of a scheme that says nothing of payloads, as those of `generic` and Standard Webhooks.
//!
//! Each delivery is a push of nothing in particular: a field that is called `ref`, `before` or `id` can be anything.
//! Only a hook that says so has GitHub's fields, and then a deletion is one, and a push that moves nothing is a test.

use super::github_shape::GithubDocument;
use crate::model::{Delivery, EventKind};
use crate::provider::body::Document;
use crate::provider::event::{id, push, reference};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};

/// The fields of a payload that may be anything.
const WANTED: &[&str] = &[
    "id",
    "type",
    "repository.full_name",
    "pusher.name",
    "pusher.login",
    "pusher.username",
    "sender.login",
    "head_commit.message",
];
/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.name", "pusher.login", "pusher.username", "sender.login"];

/// A payload that has been read.
pub(crate) struct OpenPayload {
    document: GithubDocument,
    has_github_fields: bool,
}

impl OpenPayload {
    /// Reads `document`, of the delivery `delivery`.
    pub(crate) fn read(document: Document<'_>, delivery: Option<String>) -> Result<Self, Malformed> {
        let has_github_fields = document.options.github_payload;
        let document = if has_github_fields {
            GithubDocument::read(document, delivery, PUSHERS)?
        } else {
            GithubDocument::of(Fields::read_any(WANTED, document)?.0, delivery, PUSHERS)
        };
        Ok(Self { document, has_github_fields })
    }

    /// The delivery id in the payload's `id`, for schemes whose sender means that by it.
    pub(crate) fn id(&self) -> Option<String> {
        id(&self.document.fields, "id")
    }

    /// The same as the delivery `delivery`.
    pub(crate) fn of_delivery(self, delivery: Option<String>) -> Self {
        Self { document: GithubDocument { delivery, ..self.document }, ..self }
    }

    /// The payload's `type`.
    pub(crate) fn kind(&self) -> Option<&str> {
        self.document.fields.text("type")
    }

    /// The delivery that it is.
    pub(crate) fn into_delivery(self) -> Result<Delivery, NoEvent> {
        let event = self.document.event(EventKind::Push);
        if !self.has_github_fields {
            return Ok(event.into());
        }
        let fields = &self.document.fields;
        let reference = fields.text_if_any("ref")?.is_some().then(|| reference(fields, "ref")).transpose()?;
        push(event, reference, fields)
    }
}
