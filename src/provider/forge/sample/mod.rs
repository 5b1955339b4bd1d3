//! Pure. Deliveries for `send`: a provider's push of a branch, and what it is reshaped into to tell of something else
//! (`Dialect::sample`). What several send alike is in `github_shaped` and `gitlab_shaped`.

pub(crate) mod github_shaped;
pub(crate) mod gitlab_shaped;

use crate::model::RefName;
use crate::provider::authenticity::Secret;
use serde_json::Value;

/// The event that a sample tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleEvent {
    /// The branch or tag was created or moved.
    Push,
    /// The branch or tag was deleted.
    Delete,
    /// A pull or merge request into the branch was merged.
    Merge,
    /// A release of the tag was published.
    Release,
    /// A release that is no pre-release.
    Released,
    /// A package or image was published.
    Package,
    /// CI succeeded on the branch.
    Ci,
    /// The provider's test.
    Ping,
}

/// A delivery before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The JSON body.
    pub body: Vec<u8>,
    /// The event, as [`Provider::sign`](super::Provider::sign) asks for it.
    pub event: &'static str,
}

/// The content of a sample push.
#[derive(Debug, Clone, Copy)]
pub struct SamplePush<'a> {
    /// `owner/name`.
    pub repository: &'a str,
    /// Short name; also given as the default branch.
    pub branch: &'a str,
    /// Commit before.
    pub before: &'a str,
    /// Commit after; also the delivery id, where that is in the body.
    pub after: &'a str,
    /// Login name.
    pub pusher: &'a str,
    /// For providers whose token is in the body.
    pub secret: Option<&'a Secret>,
}

/// The event to be told, beside the push that it is made from.
pub(crate) struct SampleOf<'a> {
    pub(crate) what: SampleEvent,
    pub(crate) reference: &'a RefName,
    pub(crate) after: &'a str,
}

/// Body and event; `None` where the provider tells of no such thing.
pub(crate) type SampleBody = Option<(Value, &'static str)>;

/// Forty digits for "no commit".
pub(crate) const ZEROS: &str = "0000000000000000000000000000000000000000";

impl SamplePush<'_> {
    /// The repository's page, on a host that is nowhere (RFC 2606 §2).
    pub(crate) fn web_address(&self) -> String {
        format!("https://hookspool.invalid/{}", self.repository)
    }

    /// The two parts of `repository`.
    pub(crate) fn owner_and_name(&self) -> (&str, &str) {
        self.repository.split_once('/').unwrap_or(("", self.repository))
    }
}

impl SampleOf<'_> {
    pub(crate) fn is_tag(&self) -> bool {
        self.reference.tag().is_some()
    }

    pub(crate) fn short(&self) -> &str {
        self.reference.branch().or(self.reference.tag()).unwrap_or_default()
    }

    /// An image that was pushed, where a push is that and nothing else is told.
    pub(crate) fn image(&self, push: Value) -> SampleBody {
        (self.what == SampleEvent::Package).then_some((push, "push"))
    }
}

/// `repository`, `sender` and whatever else stands beside what happened.
pub(crate) fn beside(push: &Value, mut with: Value) -> Value {
    for key in ["repository", "project", "pusher", "actor", "user_username", "token", "hook_name"] {
        if let Some(value) = push.get(key) {
            with[key] = value.clone();
        }
    }
    with
}
