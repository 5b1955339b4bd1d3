//! Pure. Gitea and Forgejo by the free text in `Authorization` that a hook may have there, in place of their signature.

use super::authorization::Authorization;
use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders};
use super::document::Document;
use super::gitea::{FORGEJO, Family, GITEA};
use super::sample::{Shaped, Wanted};
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::Value;

/// Which of the two, and how the secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiteaAuthorization {
    /// Forgejo, not Gitea.
    pub forgejo: bool,
    /// How the secret is written.
    pub scheme: Authorization,
}

impl GiteaAuthorization {
    fn family(self) -> &'static Family {
        if self.forgejo { &FORGEJO } else { &GITEA }
    }
}

impl Dialect for GiteaAuthorization {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        self.scheme.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        self.family().read(head, document)
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        self.family().sample_push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        self.family().sample(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let mut headers = self.family().unsigned(sent);
        headers.push(self.scheme.header(sent.secret));
        Ok(headers)
    }
}
