//! Pure. Docker Hub, which signs nothing: the secret is the last part of the URL's path.
//!
//! `callback_url` in the body is never called: the sender of a forged delivery would choose where to.

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders};
use super::document::Document;
use super::event::name;
use super::facts::Facts;
use super::sample::{Shaped, Wanted};
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Event, EventKind, Head};
use jiff::Timestamp;
use serde_json::{Value, json};

const WANTED: &[&str] = &["repository.repo_name", "push_data.pusher", "push_data.tag"];

/// Docker Hub's dialect.
pub(super) struct DockerHub;

impl Dialect for DockerHub {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let last = head.path.rsplit(|&byte| byte == b'/').find(|part| !part.is_empty()).unwrap_or_default();
        Check::token("last part of the URL's path", last, secrets)
    }

    fn secret_in_path(&self) -> bool {
        true
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        let facts = Facts::read(WANTED, document)?;
        if !facts.has("push_data.tag") {
            return Err(Malformed::new("`push_data.tag` is missing"));
        }
        let repository = name(&facts, &["repository.repo_name"]);
        let pusher = name(&facts, &["push_data.pusher"]);
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

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        wanted.image(push)
    }

    fn sign(&self, _: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(Vec::new())
    }
}
