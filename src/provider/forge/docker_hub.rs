//! Pure. Docker Hub, which signs nothing: the secret is the last part of the URL's path.
//!
//! `callback_url` in the body is never called: the sender of a forged delivery would choose where to.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign};
use crate::provider::event::name;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

const WANTED: &[&str] = &["repository.repo_name", "push_data.pusher", "push_data.tag"];

/// Docker Hub's dialect.
pub(crate) struct DockerHub;

impl Dialect for DockerHub {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let last = head.path.rsplit(|&byte| byte == b'/').find(|part| !part.is_empty()).unwrap_or_default();
        Check::token("last part of the URL's path", last, secrets)
    }

    fn secret_in_path(&self) -> bool {
        true
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let fields = Fields::read(WANTED, document)?;
        if !fields.has("push_data.tag") {
            return Err(Malformed::new("`push_data.tag` is missing").into());
        }
        let repository = name(&fields, &["repository.repo_name"]);
        let pusher = name(&fields, &["push_data.pusher"]);
        Ok(Event { repository, pusher, ..Event::new(EventKind::Package) }.into())
    }

    fn strength(&self) -> Strength {
        Strength::SecretUrl
    }

    /// An image whose tag is the branch.
    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        json!({
            "push_data": { "tag": sample.branch, "pusher": sample.pusher },
            "repository": { "repo_name": sample.repository },
        })
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        wanted.image(push)
    }

    fn sign(&self, _: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(Vec::new())
    }
}
