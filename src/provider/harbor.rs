//! Pure. Harbor: the text that a policy has as its auth header, sent as `Authorization` as it stands. Bodies in
//! Harbor's own format or as CloudEvents.

use super::authorization::Authorization;
use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders};
use super::document::Document;
use super::event::{id, name, other};
use super::facts::Facts;
use super::sample::{Shaped, Wanted};
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Event, EventKind, Head};
use jiff::Timestamp;
use serde_json::{Value, json};

const WANTED: &[&str] = &[
    "type",
    "specversion",
    "id",
    "operator",
    "event_data.repository.repo_full_name",
    "data.repository.repo_full_name",
];

/// Harbor's dialect.
pub(super) struct Harbor;

impl Dialect for Harbor {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        Authorization::Verbatim.begin(head, secrets)
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        let facts = Facts::read(WANTED, document)?;
        let kind = match facts.text("type") {
            None => return Err(Malformed::new("`type` is missing")),
            Some("PUSH_ARTIFACT" | "harbor.artifact.pushed") => EventKind::Package,
            Some(word) => other(word),
        };
        let repository = name(&facts, &["event_data.repository.repo_full_name", "data.repository.repo_full_name"]);
        let is_cloud_event = facts.has("specversion");
        let delivery = id(&facts, "id").filter(|_| is_cloud_event);
        Ok(Event { repository, pusher: name(&facts, &["operator"]), delivery, ..Event::new(kind) }.into())
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    /// An image whose tag is the branch.
    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        json!({
            "type": "PUSH_ARTIFACT",
            "operator": sample.pusher,
            "event_data": {
                "resources": [{ "tag": sample.branch }],
                "repository": { "repo_full_name": sample.repository },
            },
        })
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        wanted.image(push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(vec![Authorization::Verbatim.header(sent.secret)])
    }
}
