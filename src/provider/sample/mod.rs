//! Pure. Deliveries for `send`: a provider's push of a branch, and what it is reshaped into to tell of something else
//! (`Dialect::sample`). What several send alike is in `hub_shaped` and `lab_shaped`.

pub(super) mod hub_shaped;
pub(super) mod lab_shaped;

use super::Secret;
use crate::model::RefName;
use serde_json::Value;

/// What a sample tells of.
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
    /// A package or image was published.
    Package,
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

/// What a sample push says.
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

/// What is to be told, beside the push that it is made from.
pub(super) struct Wanted<'a> {
    pub(super) what: SampleEvent,
    pub(super) reference: &'a RefName,
    pub(super) after: &'a str,
}

/// Body and event; `None` where the provider tells of no such thing.
pub(super) type Shaped = Option<(Value, &'static str)>;

/// Forty digits for "no commit".
pub(super) const ZEROS: &str = "0000000000000000000000000000000000000000";

impl SamplePush<'_> {
    /// The two parts of `repository`.
    pub(super) fn owner_and_name(&self) -> (&str, &str) {
        self.repository.split_once('/').unwrap_or(("", self.repository))
    }
}

impl Wanted<'_> {
    pub(super) fn is_tag(&self) -> bool {
        self.reference.tag().is_some()
    }

    pub(super) fn short(&self) -> &str {
        self.reference.branch().or(self.reference.tag()).unwrap_or_default()
    }

    /// An image that was pushed, where a push is that and nothing else is told.
    pub(super) fn image(&self, push: Value) -> Shaped {
        (self.what == SampleEvent::Package).then_some((push, "push"))
    }
}

/// `repository`, `sender` and whatever else stands beside what happened.
pub(super) fn beside(push: &Value, mut with: Value) -> Value {
    for key in ["repository", "project", "pusher", "actor", "user_username", "token", "hook_name"] {
        if let Some(value) = push.get(key) {
            with[key] = value.clone();
        }
    }
    with
}
