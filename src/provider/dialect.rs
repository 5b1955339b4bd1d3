//! Pure. The questions that a provider's file answers.

use crate::model::{Delivery, Head, Headers, JobMeta};
use crate::provider::authenticity::{Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

/// A provider: which header, which bytes, which fields.
pub(crate) trait Dialect {
    /// Looks at the headers and starts the check.
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied>;

    /// True for a test that the provider sends without a signature: answered, and never more.
    fn is_unsigned_test(&self, _: &Head) -> bool {
        false
    }

    /// True if the secret is the last part of the URL's path, behind the part that names the hook.
    fn secret_in_path(&self) -> bool {
        false
    }

    /// The content of a verified delivery.
    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent>;

    /// The least that its check proves.
    fn strength(&self) -> Strength;

    /// True if it delivers again by itself when the answer was late or bad.
    fn sends_again(&self) -> bool {
        false
    }

    /// Headers by which a delivery is known, one set or several. For people: they decide about no check.
    fn marks(&self) -> &'static [HeaderMark] {
        &[]
    }

    /// Names of the providers whose headers it sends beside its own.
    fn imitates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Headers that can hold the delivery id, in lower case, best first.
    fn delivery_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Other headers that say what a delivery is, in lower case, and may be kept in a job's file. Never one that can
    /// hold a secret, a token or a signature.
    fn kept_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// True if any service may use the scheme, so that a delivery that looks like another provider's is no surprise.
    fn is_open_scheme(&self) -> bool {
        false
    }

    /// Keys of the configuration that are for this provider and few others.
    fn settings(&self) -> &'static [&'static str] {
        &[]
    }

    /// The error if `secret` is no key of the scheme, with which no delivery could ever be verified.
    fn check_key(&self, _: &Secret) -> Result<(), Denied> {
        Ok(())
    }

    /// True unless what it says of CI may name no branch: then only a `git` step can tell whether the commit is one's
    /// head.
    fn ci_names_branch(&self) -> bool {
        true
    }

    /// For people: the forge's types of webhook that can have no secret, behind a sentence; empty where all can.
    fn unsigned_types(&self) -> &'static str {
        ""
    }

    /// For people: the part of a genuine delivery that is signed.
    fn signed_part(&self, _: &Head) -> &'static str {
        self.strength().signed_part()
    }

    /// True if what made this job is told in two deliveries, each with an id of its own.
    fn announces_twice(&self, _: &JobMeta) -> bool {
        false
    }

    /// Field of a form body that holds the document; `None` where a form holds none.
    fn form_field(&self) -> Option<&'static str> {
        Some("payload")
    }

    /// True if a body of any media type is a delivery.
    fn takes_any_body(&self) -> bool {
        false
    }

    /// A push in this provider's shape.
    fn sample_push(&self, sample: &SamplePush<'_>) -> Value;

    /// That push, reshaped into what is `wanted`.
    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody;

    /// The headers of a delivery of `body`, without `Content-Type`.
    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign>;
}

/// Headers, in lower case, by which a sender is known.
#[derive(Debug)]
pub(crate) struct HeaderMark {
    /// Each of them is there.
    pub(crate) all: &'static [&'static str],
    /// None of them is there.
    pub(crate) none: &'static [&'static str],
}

impl HeaderMark {
    /// A mark by headers that are all there.
    pub(crate) const fn by(all: &'static [&'static str]) -> Self {
        Self { all, none: &[] }
    }

    /// True if `headers` bear it.
    pub(crate) fn fits(&self, headers: &Headers) -> bool {
        let arrived = |name: &&str| headers.first(name).is_some();
        self.all.iter().all(arrived) && !self.none.iter().any(arrived)
    }
}

/// Names in wire spelling, and values.
pub(crate) type SignedHeaders = Vec<(String, String)>;

/// A secret that verifies deliveries and cannot make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot sign with this secret: {0}")]
pub struct CannotSign(pub(crate) &'static str);

/// A delivery to be signed.
pub(crate) struct ToSign<'a> {
    pub(crate) secret: &'a Secret,
    pub(crate) body: &'a [u8],
    pub(crate) event: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) now: Timestamp,
}

/// A header for `Dialect::sign`.
pub(crate) fn header(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}
