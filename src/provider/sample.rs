//! Pure. Deliveries as each provider would make them, for `send`: its push of a branch, reshaped into what else may happen.

use super::{Provider, SamplePush};
use crate::model::RefName;
use serde_json::{Value, json};

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
            "github" => github(&wanted, body),
            "coding" => coding(&wanted, body),
            "gitee" => gitee(&wanted, body),
            "gitea" | "forgejo" => gitea(&wanted, body),
            "gogs" => gogs(&wanted, body),
            "gitlab" | "gitcode" | "codeup" | "tencent-git" | "codearts" => lab(&wanted, body),
            "bitbucket" => bitbucket(&wanted, body),
            "bitbucket-server" => bitbucket_server(&wanted, body),
            "azure-devops" => azure_devops(&wanted, body),
            "sourcehut" => sourcehut(&wanted, body),
            "pagure" => pagure(&wanted, body),
            "docker-hub" | "harbor" => (what == SampleEvent::Package).then_some((body, "push")),
            _ => moved(&wanted, body).or_else(|| still(&wanted, push.after)),
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

/// GitHub's push of another ref, or its deletion.
fn moved(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    push["ref"] = wanted.reference.as_str().into();
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => push["before"] = ZEROS.into(),
        SampleEvent::Push => {}
        SampleEvent::Delete => {
            push["after"] = ZEROS.into();
            push["deleted"] = true.into();
        }
        _ => return None,
    }
    Some((push, "push"))
}

/// A push that moves nothing: the test where there is no other.
fn still(wanted: &Wanted<'_>, commit: &str) -> Shaped {
    let push = json!({ "ref": wanted.reference.as_str(), "before": commit, "after": commit });
    (wanted.what == SampleEvent::Ping).then_some((push, "push"))
}

fn pull_request(wanted: &Wanted<'_>, push: &Value, action: &str) -> Value {
    let merged = json!({ "merged": true, "merge_commit_sha": wanted.after, "base": { "ref": wanted.short() } });
    beside(push, json!({ "action": action, "pull_request": merged }))
}

fn github(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Ping => Some((beside(&push, json!({ "zen": "a test by hookspool", "hook_id": 1 })), "ping")),
        SampleEvent::Merge => Some((pull_request(wanted, &push, "closed"), "pull_request")),
        SampleEvent::Release => Some((released(wanted, &push), "release")),
        SampleEvent::Package => Some((beside(&push, json!({ "action": "published", "package": {} })), "package")),
        SampleEvent::Push | SampleEvent::Delete => moved(wanted, push),
    }
}

fn released(wanted: &Wanted<'_>, push: &Value) -> Value {
    beside(push, json!({ "action": "published", "release": { "tag_name": wanted.short() } }))
}

fn coding(wanted: &Wanted<'_>, push: Value) -> Shaped {
    if wanted.what == SampleEvent::Ping {
        return Some((beside(&push, json!({ "zen": "a test by hookspool" })), "ping"));
    }
    moved(wanted, push)
}

fn gitee(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    if wanted.what == SampleEvent::Merge {
        push["hook_name"] = "merge_request_hooks".into();
        return Some((pull_request(wanted, &push, "merge"), "Merge Request Hook"));
    }
    if wanted.is_tag() {
        push["hook_name"] = "tag_push_hooks".into();
    }
    let what = if wanted.what == SampleEvent::Ping { SampleEvent::Push } else { wanted.what };
    let (push, _) = moved(&Wanted { what, ..*wanted }, push)?;
    Some((push, if wanted.is_tag() { "Tag Push Hook" } else { "Push Hook" }))
}

/// A deletion is an event of its own, and the test a push that moves nothing.
fn gitea(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Delete => Some((beside(&push, short_ref(wanted)), "delete")),
        SampleEvent::Ping => still(wanted, wanted.after),
        SampleEvent::Package => Some((beside(&push, json!({ "action": "created", "package": {} })), "package")),
        _ => github(wanted, push),
    }
}

/// A new tag is no push.
fn gogs(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => {
            let mut created = short_ref(wanted);
            created["sha"] = wanted.after.into();
            Some((beside(&push, created), "create"))
        }
        SampleEvent::Package => None,
        _ => gitea(wanted, push),
    }
}

fn short_ref(wanted: &Wanted<'_>) -> Value {
    json!({ "ref": wanted.short(), "ref_type": if wanted.is_tag() { "tag" } else { "branch" } })
}

fn lab(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Push | SampleEvent::Delete => {
            let (mut push, _) = moved(wanted, push)?;
            if wanted.what == SampleEvent::Delete {
                push["checkout_sha"] = Value::Null;
            }
            push["object_kind"] = if wanted.is_tag() { "tag_push" } else { "push" }.into();
            Some((push, if wanted.is_tag() { "Tag Push Hook" } else { "Push Hook" }))
        }
        SampleEvent::Merge => {
            let merged = json!({
                "action": "merge", "state": "merged",
                "target_branch": wanted.short(), "merge_commit_sha": wanted.after,
            });
            let body = json!({ "object_kind": "merge_request", "object_attributes": merged });
            Some((beside(&push, body), "Merge Request Hook"))
        }
        SampleEvent::Release => {
            let body = json!({
                "object_kind": "release", "action": "create",
                "tag": wanted.short(), "commit": { "id": wanted.after },
            });
            Some((beside(&push, body), "Release Hook"))
        }
        SampleEvent::Package | SampleEvent::Ping => None,
    }
}

fn bitbucket(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let change = &mut push["push"]["changes"][0];
    for end in ["old", "new"] {
        change[end]["type"] = if wanted.is_tag() { "tag" } else { "branch" }.into();
        change[end]["name"] = wanted.short().into();
    }
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => change["old"] = Value::Null,
        SampleEvent::Push => {}
        SampleEvent::Delete => {
            change["new"] = Value::Null;
            change["closed"] = true.into();
        }
        SampleEvent::Merge => {
            let merged = json!({
                "destination": { "branch": { "name": wanted.short() } },
                "merge_commit": { "hash": wanted.after },
            });
            return Some((beside(&push, json!({ "pullrequest": merged })), "pullrequest:fulfilled"));
        }
        _ => return None,
    }
    Some((push, "push"))
}

fn bitbucket_server(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let change = &mut push["changes"][0];
    let kind = if wanted.is_tag() { "TAG" } else { "BRANCH" };
    change["ref"] = json!({ "id": wanted.reference.as_str(), "displayId": wanted.short(), "type": kind });
    change["refId"] = wanted.reference.as_str().into();
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => {
            change["fromHash"] = ZEROS.into();
            change["type"] = "ADD".into();
        }
        SampleEvent::Push => {}
        SampleEvent::Delete => {
            change["toHash"] = ZEROS.into();
            change["type"] = "DELETE".into();
        }
        SampleEvent::Ping => return Some((json!({ "test": true }), "diagnostics:ping")),
        SampleEvent::Merge => {
            let merged = json!({
                "toRef": { "id": wanted.reference.as_str(), "repository": push["repository"] },
                "properties": { "mergeCommit": { "id": wanted.after } },
            });
            return Some((beside(&push, json!({ "eventKey": "pr:merged", "pullRequest": merged })), "pr:merged"));
        }
        _ => return None,
    }
    Some((push, "push"))
}

fn azure_devops(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let update = &mut push["resource"]["refUpdates"][0];
    update["name"] = wanted.reference.as_str().into();
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => update["oldObjectId"] = ZEROS.into(),
        SampleEvent::Push => {}
        SampleEvent::Delete => update["newObjectId"] = ZEROS.into(),
        SampleEvent::Merge => {
            push["eventType"] = "git.pullrequest.merged".into();
            push["resource"] = json!({
                "status": "completed", "mergeStatus": "succeeded",
                "targetRefName": wanted.reference.as_str(),
                "lastMergeCommit": { "commitId": wanted.after },
                "repository": push["resource"]["repository"],
            });
        }
        _ => return None,
    }
    Some((push, "push"))
}

fn sourcehut(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let update = &mut push["data"]["webhook"]["updates"][0];
    update["ref"]["name"] = wanted.reference.as_str().into();
    match wanted.what {
        SampleEvent::Push if wanted.is_tag() => update["old"] = Value::Null,
        SampleEvent::Push => {}
        SampleEvent::Delete => update["new"] = Value::Null,
        _ => return None,
    }
    Some((push, "push"))
}

fn pagure(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
    let topic = match (wanted.what, wanted.is_tag()) {
        (SampleEvent::Push, false) => {
            push["msg"]["branch"] = wanted.short().into();
            return Some((push, "push"));
        }
        (SampleEvent::Push, true) => "git.tag.creation",
        (SampleEvent::Delete, true) => "git.tag.deletion",
        (SampleEvent::Delete, false) => "git.branch.deletion",
        (SampleEvent::Ping, _) => "Test.notification",
        _ => return None,
    };
    let name = if wanted.is_tag() { "tag" } else { "branch" };
    push["topic"] = topic.into();
    push["msg"] = json!({
        name: wanted.short(), "rev": wanted.after,
        "agent": push["msg"]["agent"], "project_fullname": push["msg"]["project_fullname"],
    });
    Some((push, topic))
}
