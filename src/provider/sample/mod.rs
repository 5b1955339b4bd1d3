//! Pure. Deliveries as each provider would make them, for `send`: its push of a branch, reshaped into what else may happen.

mod changes;
mod hub;
mod lab;
mod pagure;

use super::{Provider, SamplePush};
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
    /// The event, as [`Provider::sign`] asks for it.
    pub event: &'static str,
    /// Headers that stand for others of the same name.
    pub headers: Vec<(String, String)>,
}

/// Forty digits for "no commit".
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// What is to be told, beside the push that it is made from.
struct Wanted<'a> {
    what: SampleEvent,
    reference: &'a RefName,
    after: &'a str,
}

type Shaped = Option<(Value, &'static str)>;

impl Provider {
    /// A delivery that tells of `what` happened to `reference`; `None` when this provider tells of no such thing.
    pub fn sample(&self, what: SampleEvent, reference: &RefName, push: &SamplePush<'_>) -> Option<Sample> {
        let wanted = Wanted { what, reference, after: push.after };
        let body = self.dialect().sample_push(push);
        let (body, event) = match self.name() {
            "github" => hub::github(&wanted, body),
            "coding" => hub::coding(&wanted, body),
            "gitee" => hub::gitee(&wanted, body),
            "gitea" | "forgejo" => hub::gitea(&wanted, body),
            "gogs" => hub::gogs(&wanted, body),
            "gitlab" | "gitcode" | "codeup" | "tencent-git" | "codearts" => lab::lab(&wanted, body),
            "bitbucket" => changes::bitbucket(&wanted, body),
            "bitbucket-server" => changes::bitbucket_server(&wanted, body),
            "azure-devops" => changes::azure_devops(&wanted, body),
            "sourcehut" => changes::sourcehut(&wanted, body),
            "pagure" => pagure::pagure(&wanted, body),
            "docker-hub" | "harbor" => (what == SampleEvent::Package).then_some((body, "push")),
            _ => hub::moved(&wanted, body).or_else(|| hub::still(&wanted, push.after)),
        }?;
        let is_marked = self.name() == "gitee" && what == SampleEvent::Ping;
        let headers = is_marked.then(|| ("X-Gitee-Ping".to_owned(), "true".to_owned()));
        Some(Sample { body: body.to_string().into_bytes(), event, headers: headers.into_iter().collect() })
    }
}

impl Wanted<'_> {
    fn is_tag(&self) -> bool {
        self.reference.tag().is_some()
    }

    fn short(&self) -> &str {
        self.reference.branch().or(self.reference.tag()).unwrap_or_default()
    }
}

/// `repository`, `sender` and whatever else stands beside what happened.
fn beside(push: &Value, mut with: Value) -> Value {
    for key in ["repository", "project", "pusher", "actor", "user_username", "token", "hook_name"] {
        if let Some(value) = push.get(key) {
            with[key] = value.clone();
        }
    }
    with
}
