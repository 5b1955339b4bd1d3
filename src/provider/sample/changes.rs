//! Pure. Samples of those that list their changes: Bitbucket, Azure DevOps, SourceHut.

use super::{SampleEvent, Shaped, Wanted, ZEROS, beside};
use serde_json::{Value, json};

pub(super) fn bitbucket(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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

pub(super) fn bitbucket_server(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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

pub(super) fn azure_devops(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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

pub(super) fn sourcehut(wanted: &Wanted<'_>, mut push: Value) -> Shaped {
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
