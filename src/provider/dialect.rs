//! Pure. What a provider's file must answer.

use super::{Check, Denied, Malformed, Secret};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use std::io::Read;

/// A provider: which header, which bytes, which fields.
pub(super) trait Dialect {
    /// Looks at the headers and starts the check.
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied>;

    /// What a verified delivery says.
    fn read(&self, head: &Head, document: &mut dyn Read) -> Result<Delivery, Malformed>;

    /// Field of a form body that holds the document.
    fn form_field(&self) -> &'static str {
        "payload"
    }

    /// A push in this provider's shape.
    fn sample_push(&self, sample: &SamplePush<'_>) -> serde_json::Value;

    /// The headers of a delivery of `body`, without `Content-Type`.
    fn sign(&self, sent: &Sent<'_>) -> Vec<(String, String)>;
}

/// What a sample push says.
#[derive(Debug, Clone, Copy)]
pub struct SamplePush<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// Short name; also given as the default branch.
    pub branch: &'a str,
    /// Commit before.
    pub before: &'a str,
    /// Commit after.
    pub after: &'a str,
    /// Login name.
    pub pusher: &'a str,
    /// For providers whose token is in the body.
    pub secret: Option<&'a Secret>,
}

impl SamplePush<'_> {
    /// GitHub's shape, which most forges took over.
    pub(super) fn hub_shaped(&self) -> serde_json::Value {
        serde_json::json!({
            "ref": format!("refs/heads/{}", self.branch),
            "before": self.before,
            "after": self.after,
            "repository": { "full_name": self.repository, "default_branch": self.branch },
            "pusher": { "name": self.pusher, "login": self.pusher, "username": self.pusher },
            "commits": [],
        })
    }
}

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
