//! Pure. Samples in GitHub's shape, which most forges took over.

use super::{SampleBody, SampleEvent, SampleOf, SamplePush, ZEROS, beside};
use serde_json::{Value, json};

/// A push of a branch.
pub(crate) fn push(sample: &SamplePush<'_>) -> Value {
    let person = json!({
        "id": 1, "name": sample.pusher, "login": sample.pusher, "username": sample.pusher, "full_name": sample.pusher,
        "email": EMAIL,
    });
    json!({
        "ref": format!("refs/heads/{}", sample.branch),
        "before": sample.before,
        "after": sample.after,
        "created": false,
        "deleted": false,
        "forced": false,
        "compare": format!("{}/compare/{}...{}", sample.web_address(), sample.before, sample.after),
        "compare_url": sample.web_address(),
        "repository": repository(sample),
        "pusher": person,
        "sender": person,
        "commits": [commit(sample)],
        "head_commit": commit(sample),
    })
}

/// A domain whose mail goes nowhere (RFC 2606 §2).
const EMAIL: &str = "send@hookspool.invalid";

/// A commit of which nothing says which paths it changed: what `paths` may want is not known.
fn commit(sample: &SamplePush<'_>) -> Value {
    let person = json!({ "name": sample.pusher, "username": sample.pusher, "email": EMAIL });
    json!({
        "id": sample.after,
        "message": "a test by hookspool",
        "timestamp": "2026-01-31T12:00:00Z",
        "url": format!("{}/commit/{}", sample.web_address(), sample.after),
        "author": person,
        "committer": person,
    })
}

fn repository(sample: &SamplePush<'_>) -> Value {
    let (owner, name) = sample.owner_and_name();
    let url = sample.web_address();
    json!({
        "id": 1,
        "name": name,
        "full_name": sample.repository,
        "owner": { "id": 1, "login": owner, "name": owner, "username": owner, "email": EMAIL },
        "private": false,
        "html_url": url,
        "url": url,
        "clone_url": format!("{url}.git"),
        "ssh_url": format!("git@hookspool.invalid:{}.git", sample.repository),
        "default_branch": sample.branch,
    })
}

/// As GitHub tells of everything.
pub(crate) fn github(wanted: &SampleOf<'_>, push: Value) -> SampleBody {
    match wanted.what {
        SampleEvent::Ping => Some((beside(&push, json!({ "zen": "a test by hookspool", "hook_id": 1 })), "ping")),
        SampleEvent::Merge => Some((pull_request(wanted, &push, "closed"), "pull_request")),
        SampleEvent::Release => Some((release(wanted, &push, "published"), "release")),
        SampleEvent::Released => Some((release(wanted, &push, "released"), "release")),
        SampleEvent::Ci => Some((workflow_run(wanted, &push), "workflow_run")),
        SampleEvent::Package => {
            Some((beside(&push, json!({ "action": "published", "package": { "name": "test" } })), "package"))
        }
        SampleEvent::Push | SampleEvent::Delete => moved(wanted, push),
    }
}

fn release(wanted: &SampleOf<'_>, push: &Value, action: &str) -> Value {
    let release = json!({ "tag_name": wanted.short(), "draft": false, "prerelease": false });
    beside(push, json!({ "action": action, "release": release }))
}

/// A run of a workflow that succeeded.
fn workflow_run(wanted: &SampleOf<'_>, push: &Value) -> Value {
    let run = json!({
        "name": "test", "event": "push", "status": "completed", "conclusion": "success",
        "head_branch": wanted.short(), "head_sha": wanted.after,
    });
    beside(push, json!({ "action": "completed", "workflow_run": run }))
}

/// As a sender tells that knows pushes only: also its test is one.
pub(crate) fn pushes_only(wanted: &SampleOf<'_>, push: Value) -> SampleBody {
    if wanted.what == SampleEvent::Ping { Some((still(wanted), "push")) } else { moved(wanted, push) }
}

/// The push of another ref, or its deletion.
pub(crate) fn moved(wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
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
pub(crate) fn still(wanted: &SampleOf<'_>) -> Value {
    json!({ "ref": wanted.reference.as_str(), "before": wanted.after, "after": wanted.after })
}

/// A pull request that was merged by `action`.
pub(crate) fn pull_request(wanted: &SampleOf<'_>, push: &Value, action: &str) -> Value {
    let merged = json!({ "merged": true, "merge_commit_sha": wanted.after, "base": { "ref": wanted.short() } });
    beside(push, json!({ "action": action, "pull_request": merged }))
}
