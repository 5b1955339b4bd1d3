//! Pure. What a provider's file must answer.

use super::document::Document;
use super::sample::{Shaped, Wanted};
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::Value;

/// A provider: which header, which bytes, which fields.
pub(super) trait Dialect {
    /// Looks at the headers and starts the check.
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied>;

    /// Whether this is a test that the provider sends without a signature: answered, and never more.
    fn is_unsigned_test(&self, _: &Head) -> bool {
        false
    }

    /// Whether the secret is the last part of the URL's path, behind the part that names the hook.
    fn secret_in_path(&self) -> bool {
        false
    }

    /// What a verified delivery says.
    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed>;

    /// What its check proves at least.
    fn strength(&self) -> Strength;

    /// Field of a form body that holds the document; `None` where a form holds none.
    fn form_field(&self) -> Option<&'static str> {
        Some("payload")
    }

    /// A push in this provider's shape.
    fn sample_push(&self, sample: &SamplePush<'_>) -> Value;

    /// That push, reshaped into what is `wanted`.
    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped;

    /// The headers of a delivery of `body`, without `Content-Type`.
    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign>;
}

/// Names in wire spelling, and values.
pub(super) type SignedHeaders = Vec<(String, String)>;

/// A secret that verifies deliveries and cannot make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot sign with this secret: {0}")]
pub struct CannotSign(pub(super) &'static str);

/// A delivery to be signed.
pub(super) struct Sent<'a> {
    pub(super) secret: &'a Secret,
    pub(super) body: &'a [u8],
    pub(super) event: &'a str,
    pub(super) delivery: &'a str,
    pub(super) now: Timestamp,
}

/// A header for `Dialect::sign`.
pub(super) fn header(name: impl Into<String>, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}
