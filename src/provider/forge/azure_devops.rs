//! Pure. Azure DevOps: user and password in `Authorization: Basic`, nothing signed. One delivery may tell of several
//! refs.

use crate::model::{Delivery, Event, EventKind, Head, RefName};
use crate::provider::authenticity::{Authorization, Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign};
use crate::provider::event::{branch, commit, full_name, id, moved, name, other, reference, several};
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, ZEROS};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

const WANTED: &[&str] = &[
    "id",
    "eventType",
    "resource.refUpdates[].name",
    "resource.refUpdates[].oldObjectId",
    "resource.refUpdates[].newObjectId",
    "resource.commits[].commitId",
    "resource.commits[].comment",
    "resource.repository.name",
    "resource.repository.project.name",
    "resource.repository.defaultBranch",
    "resource.pushedBy.displayName",
    "resource.closedBy.displayName",
    "resource.createdBy.displayName",
    "resource.status",
    "resource.mergeStatus",
    "resource.targetRefName",
    "resource.lastMergeCommit.commitId",
];

const NO_DETAILS: &str = "`resource.refUpdates` is missing: let the subscription's `Resource details to send` be `All`";

/// The dialect of Azure DevOps.
pub(crate) struct AzureDevops;

impl Dialect for AzureDevops {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        Authorization::Basic.begin(head, secrets)
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let fields = Fields::read(WANTED, document)?;
        let Some(word) = fields.text("eventType") else { return Err(Malformed::new("`eventType` is missing").into()) };
        match word {
            "git.push" if fields.items("resource.refUpdates[].").is_none() => Err(Malformed::new(NO_DETAILS).into()),
            "git.push" => several(&fields, "resource.refUpdates[].", |update| updated(&fields, update)),
            "git.pullrequest.merged" => merged(&fields),
            _ => Ok(event(&fields, other(word)).into()),
        }
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sends_again(&self) -> bool {
        true
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let (project, name) = sample.owner_and_name();
        let reference = format!("refs/heads/{}", sample.branch);
        json!({
            "id": sample.after,
            "eventType": "git.push",
            "resource": {
                "refUpdates": [{ "name": reference, "oldObjectId": sample.before, "newObjectId": sample.after }],
                "repository": { "name": name, "project": { "name": project }, "defaultBranch": reference },
                "pushedBy": { "displayName": sample.pusher },
            },
        })
    }

    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
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

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(vec![Authorization::Basic.header(sent.secret)])
    }
}

/// An event of `kind` with what every delivery says.
fn event(fields: &Fields, kind: EventKind) -> Event {
    let default = fields.text("resource.repository.defaultBranch").and_then(RefName::parse);
    let people = ["resource.pushedBy.displayName", "resource.closedBy.displayName", "resource.createdBy.displayName"];
    Event {
        repository: full_name(fields, "resource.repository.project.name", "resource.repository.name"),
        default_branch: default.and_then(|name| name.branch().map(str::to_owned)),
        pusher: name(fields, &people),
        delivery: id(fields, "id"),
        ..Event::new(kind)
    }
}

/// One element of `resource.refUpdates`.
fn updated(fields: &Fields, update: &Fields) -> Result<Option<Event>, NoEvent> {
    let reference = reference(update, "resource.refUpdates[].name")?;
    let before = commit(update, "resource.refUpdates[].oldObjectId")?;
    let after = commit(update, "resource.refUpdates[].newObjectId")?;
    let commits = fields.items("resource.commits[].").map_or(&[][..], |items| &items.kept);
    let is_head = |one: &&Fields| after.is_some() && one.text("resource.commits[].commitId") == after.as_deref();
    let head = commits.iter().find(is_head);
    let message = head.and_then(|head| head.start_of("resource.commits[].comment")).map(str::to_owned);
    Ok(moved(Event { message, ..event(fields, EventKind::Push) }, Some(reference), before, after))
}

/// A merge that was tried: one only if it is done and succeeded.
fn merged(fields: &Fields) -> Result<Delivery, NoEvent> {
    let is = |path: &str, word: &str| fields.text(path) == Some(word);
    if !is("resource.status", "completed") || !is("resource.mergeStatus", "succeeded") {
        return Ok(event(fields, other("git.pullrequest.merge_attempted")).into());
    }
    let reference = Some(branch(fields, "resource.targetRefName")?);
    let after = commit(fields, "resource.lastMergeCommit.commitId")?;
    Ok(Event { reference, after, ..event(fields, EventKind::Merge) }.into())
}
