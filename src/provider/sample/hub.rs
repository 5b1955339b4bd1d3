//! Pure. Samples in GitHub's shape, and what Gitea, Gogs, Gitee and Coding.net made of it.

use super::{SampleEvent, Shaped, Wanted, ZEROS, beside};
use serde_json::{Value, json};

/// GitHub's push of another ref, or its deletion.
pub(super) fn moved(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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
pub(super) fn still(wanted: &Wanted<'_>, commit: &str) -> Shaped {
    let push = json!({ "ref": wanted.reference.as_str(), "before": commit, "after": commit });
    (wanted.what == SampleEvent::Ping).then_some((push, "push"))
}

pub(super) fn pull_request(wanted: &Wanted<'_>, push: &Value, action: &str) -> Value {
    let merged = json!({ "merged": true, "merge_commit_sha": wanted.after, "base": { "ref": wanted.short() } });
    beside(push, json!({ "action": action, "pull_request": merged }))
}

pub(super) fn github(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Ping => Some((beside(&push, json!({ "zen": "a test by hookspool", "hook_id": 1 })), "ping")),
        SampleEvent::Merge => Some((pull_request(wanted, &push, "closed"), "pull_request")),
        SampleEvent::Release => Some((released(wanted, &push), "release")),
        SampleEvent::Package => Some((beside(&push, json!({ "action": "published", "package": {} })), "package")),
        SampleEvent::Push | SampleEvent::Delete => moved(wanted, push),
    }
}

pub(super) fn released(wanted: &Wanted<'_>, push: &Value) -> Value {
    beside(push, json!({ "action": "published", "release": { "tag_name": wanted.short() } }))
}

pub(super) fn coding(wanted: &Wanted<'_>, push: Value) -> Shaped {
    if wanted.what == SampleEvent::Ping {
        return Some((beside(&push, json!({ "zen": "a test by hookspool" })), "ping"));
    }
    moved(wanted, push)
}

pub(super) fn gitee(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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
pub(super) fn gitea(wanted: &Wanted<'_>, push: Value) -> Shaped {
    match wanted.what {
        SampleEvent::Delete => Some((beside(&push, short_ref(wanted)), "delete")),
        SampleEvent::Ping => still(wanted, wanted.after),
        SampleEvent::Package => Some((beside(&push, json!({ "action": "created", "package": {} })), "package")),
        _ => github(wanted, push),
    }
}

/// A new tag is no push.
pub(super) fn gogs(wanted: &Wanted<'_>, push: Value) -> Shaped {
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

pub(super) fn short_ref(wanted: &Wanted<'_>) -> Value {
    json!({ "ref": wanted.short(), "ref_type": if wanted.is_tag() { "tag" } else { "branch" } })
}
