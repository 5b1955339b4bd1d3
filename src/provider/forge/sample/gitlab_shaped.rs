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
        "event_name": "push",
        "user_id": 1,
        "user_name": sample.pusher,
        "user_username": sample.pusher,
        "user_email": "send@hookspool.invalid",
        "project_id": 1,
        "project": project(sample),
        "repository": {
            "name": sample.owner_and_name().1,
            "homepage": sample.web_address(),
            "url": format!("git@hookspool.invalid:{}.git", sample.repository),
            "git_http_url": format!("{}.git", sample.web_address()),
            "git_ssh_url": format!("git@hookspool.invalid:{}.git", sample.repository),
            "visibility_level": 0,
        },
        "commits": [{
            "id": sample.after,
            "message": "a test by hookspool",
            "title": "a test by hookspool",
            "timestamp": "2026-01-31T12:00:00Z",
            "url": format!("{}/-/commit/{}", sample.web_address(), sample.after),
            "author": { "name": sample.pusher, "email": "send@hookspool.invalid" },
        }],
        "total_commits_count": 1,
    })
}

fn project(sample: &SamplePush<'_>) -> Value {
    let (namespace, name) = sample.owner_and_name();
    let url = sample.web_address();
    json!({
        "id": 1,
        "name": name,
        "namespace": namespace,
        "path_with_namespace": sample.repository,
        "default_branch": sample.branch,
        "web_url": url,
        "http_url": format!("{url}.git"),
        "git_http_url": format!("{url}.git"),
        "git_ssh_url": format!("git@hookspool.invalid:{}.git", sample.repository),
        "visibility_level": 0,
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
        SampleEvent::Ci => {
            let passed = json!({
                "status": "success", "source": "push",
                "ref": wanted.short(), "tag": wanted.is_tag(), "sha": wanted.after,
            });
            Some((beside(&push, json!({ "object_kind": "pipeline", "object_attributes": passed })), "Pipeline Hook"))
        }
        SampleEvent::Released | SampleEvent::Package | SampleEvent::Ping => None,
    }
}
