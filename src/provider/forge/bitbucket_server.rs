//! Pure. Bitbucket Server and Data Center: HMAC-SHA256 over the raw body. One delivery may tell of several refs.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Check, Denied, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{branch, commit, delivery_id, full_name, moved, name, other, reference, several, word};
use crate::provider::forge::bitbucket::{EVENT, SIGNATURE};
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, ZEROS, beside};
use crate::provider::json::Fields;
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::{Value, json};

const DELIVERY: &str = "X-Request-Id";
const PING: &str = "diagnostics:ping";

const WANTED: &[&str] = &[
    "changes[].ref.id",
    "changes[].fromHash",
    "changes[].toHash",
    "toCommit.id",
    "toCommit.message",
    "repository.slug",
    "repository.project.key",
    "actor.name",
    "pullRequest.state",
    "pullRequest.toRef.id",
    "pullRequest.toRef.repository.slug",
    "pullRequest.toRef.repository.project.key",
    "pullRequest.properties.mergeCommit.id",
];

/// The dialect of Bitbucket Server.
pub(crate) struct BitbucketServer;

impl Dialect for BitbucketServer {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        SIGNATURE.begin(head, secrets)
    }

    /// The button that tests the connection sends no signature, whatever the secret.
    fn is_unsigned_test(&self, head: &Head) -> bool {
        word(head, EVENT).is_ok_and(|word| word == PING)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, EVENT)?;
        if word == PING {
            return Ok(Delivery::Ping);
        }
        let fields = Fields::read(WANTED, document)?;
        let event = |kind| Event {
            repository: full_name(&fields, "repository.project.key", "repository.slug"),
            pusher: name(&fields, &["actor.name"]),
            delivery: delivery_id(head, &[DELIVERY]),
            ..Event::new(kind)
        };
        match word {
            "repo:refs_changed" => {
                several(&fields, "changes[].", |change| changed(event(EventKind::Push), change, &fields))
            }
            // The word is not signed, the state is.
            "pr:merged" if fields.text("pullRequest.state") == Some("MERGED") => {
                let prefix = "pullRequest.toRef.repository";
                let repository = full_name(&fields, &format!("{prefix}.project.key"), &format!("{prefix}.slug"));
                let reference = Some(branch(&fields, "pullRequest.toRef.id")?);
                let after = commit(&fields, "pullRequest.properties.mergeCommit.id")?;
                Ok(Event { reference, after, repository, ..event(EventKind::Merge) }.into())
            }
            _ => Ok(event(other(word)).into()),
        }
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-event-key"])] }
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-request-id"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-event-key"]
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let (project, slug) = sample.owner_and_name();
        let reference = format!("refs/heads/{}", sample.branch);
        let target = json!({ "id": reference, "displayId": sample.branch, "type": "BRANCH" });
        json!({
            "eventKey": "repo:refs_changed",
            "actor": { "name": sample.pusher },
            "repository": { "slug": slug, "project": { "key": project } },
            "changes": [{
                "ref": target, "refId": reference, "type": "UPDATE",
                "fromHash": sample.before, "toHash": sample.after,
            }],
        })
    }

    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
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
            SampleEvent::Ping => return Some((json!({ "test": true }), PING)),
            SampleEvent::Merge => {
                let merged = json!({
                    "state": "MERGED",
                    "toRef": { "id": wanted.reference.as_str(), "repository": push["repository"] },
                    "properties": { "mergeCommit": { "id": wanted.after } },
                });
                return Some((beside(&push, json!({ "eventKey": "pr:merged", "pullRequest": merged })), "pr:merged"));
            }
            _ => return None,
        }
        Some((push, "push"))
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = if sent.event == "push" { "repo:refs_changed" } else { sent.event };
        Ok(vec![header(EVENT, event), header(DELIVERY, sent.delivery), SIGNATURE.sign(sent.secret, sent.body)])
    }
}

/// One element of `changes`.
fn changed(event: Event, change: &Fields, fields: &Fields) -> Result<Option<Event>, NoEvent> {
    let reference = reference(change, "changes[].ref.id")?;
    let after = commit(change, "changes[].toHash")?;
    let is_head = fields.text("toCommit.id").is_some_and(|id| Some(id) == after.as_deref());
    let message = fields.start_of("toCommit.message").filter(|_| is_head).map(str::to_owned);
    Ok(moved(Event { message, ..event }, Some(reference), commit(change, "changes[].fromHash")?, after))
}
