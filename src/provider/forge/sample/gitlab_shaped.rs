//! Pure. Samples in GitLab's shape.

use super::github_shaped::moved;
use super::{SampleBody, SampleEvent, SampleOf, SamplePush, beside};
use serde_json::{Value, json};

/// A push of a branch.
pub(crate) fn push(sample: &SamplePush<'_>) -> Value {
    json!({
        "object_kind": "push",
        "ref": format!("refs/heads/{}", sample.branch),
        "before": sample.before,
        "after": sample.after,
        "checkout_sha": sample.after,
        "user_username": sample.pusher,
        "project": { "path_with_namespace": sample.repository, "default_branch": sample.branch },
        "commits": [],
        "total_commits_count": 0,
    })
}

/// As GitLab tells of everything; its tests are deliveries of the real events.
pub(crate) fn gitlab(wanted: &SampleOf<'_>, push: Value) -> SampleBody {
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
