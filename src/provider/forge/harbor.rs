//! Pure. Harbor: the text that a policy has as its auth header, sent as `Authorization` as it stands. Bodies in
//! Harbor's own format or as CloudEvents.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Authorization, Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign};
use crate::provider::event::{id, name, other};
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
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
pub(crate) struct Harbor;

impl Dialect for Harbor {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        Authorization::Verbatim.begin(head, secrets)
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let fields = Fields::read(WANTED, document)?;
        let kind = match fields.text("type") {
            None => return Err(Malformed::new("`type` is missing").into()),
            Some("PUSH_ARTIFACT" | "harbor.artifact.pushed") => EventKind::Package,
            Some(word) => other(word),
        };
        let repository = name(&fields, &["event_data.repository.repo_full_name", "data.repository.repo_full_name"]);
        let is_cloud_event = fields.has("specversion");
        let delivery = id(&fields, "id").filter(|_| is_cloud_event);
        Ok(Event { repository, pusher: name(&fields, &["operator"]), delivery, ..Event::new(kind) }.into())
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sends_again(&self) -> bool {
        true
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

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        wanted.image(push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(vec![Authorization::Verbatim.header(sent.secret)])
    }
}
