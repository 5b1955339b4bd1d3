//! Pure. Samples in GitHub's shape, which most forges took over.

use super::{SampleBody, SampleEvent, SampleOf, SamplePush, ZEROS, beside};
use serde_json::{Value, json};

/// A push of a branch.
pub(crate) fn push(sample: &SamplePush<'_>) -> Value {
    json!({
        "ref": format!("refs/heads/{}", sample.branch),
        "before": sample.before,
        "after": sample.after,
        "repository": { "full_name": sample.repository, "default_branch": sample.branch },
        "pusher": { "name": sample.pusher, "login": sample.pusher, "username": sample.pusher },
        "commits": [],
    })
}

/// As GitHub tells of everything.
pub(crate) fn github(wanted: &SampleOf<'_>, push: Value) -> SampleBody {
    match wanted.what {
        SampleEvent::Ping => Some((beside(&push, json!({ "zen": "a test by hookspool", "hook_id": 1 })), "ping")),
        SampleEvent::Merge => Some((pull_request(wanted, &push, "closed"), "pull_request")),
        SampleEvent::Release => {
            let released = json!({ "action": "published", "release": { "tag_name": wanted.short() } });
            Some((beside(&push, released), "release"))
        }
        SampleEvent::Package => {
            Some((beside(&push, json!({ "action": "published", "package": { "name": "test" } })), "package"))
        }
        SampleEvent::Push | SampleEvent::Delete => moved(wanted, push),
    }
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
