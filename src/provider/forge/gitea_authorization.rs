//! Pure. Gitea and Forgejo by the free text in `Authorization` that a hook may have there, in place of their signature.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{Authorization, Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign};
use crate::provider::forge::gitea::{FORGEJO, Family, GITEA};
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

/// One of the two, and the writing of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiteaAuthorization {
    /// Forgejo, not Gitea.
    pub forgejo: bool,
    /// The writing of the secret.
    pub scheme: Authorization,
}

impl GiteaAuthorization {
    /// Its name in the configuration.
    pub(crate) const fn name(self) -> &'static str {
        if self.forgejo { "forgejo" } else { "gitea" }
    }

    fn family(self) -> &'static Family {
        if self.forgejo { &FORGEJO } else { &GITEA }
    }
}

impl Dialect for GiteaAuthorization {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        self.scheme.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        self.family().read(head, document)
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        self.family().delivery_headers()
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        self.family().kept_headers()
    }

    fn ci_names_branch(&self) -> bool {
        false
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        self.family().sample_push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        self.family().sample(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let mut headers = self.family().unsigned(sent);
        headers.push(self.scheme.header(sent.secret));
        Ok(headers)
    }
}
