//! Pure. Bitbucket Cloud: HMAC-SHA256 over the raw body, in the header where GitHub has SHA-1. One delivery may tell of
//! several refs.

use crate::model::{Delivery, Event, EventKind, Head, RefName};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{branch, commit, default_branch, delivery_id, moved, name, named, other, several, word};
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, beside};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

/// As Bitbucket Server and Data Center sign, too.
pub(crate) const SIGNATURE: HmacHeader<'static> =
    HmacHeader { name: "X-Hub-Signature", prefix: "sha256=", algorithm: Algorithm::Sha256, encoding: Encoding::Hex };
pub(crate) const EVENT: &str = "X-Event-Key";
const DELIVERY: &str = "X-Request-UUID";
const MARKS: [HeaderMark; 2] =
    [HeaderMark::by(&["x-event-key", "x-hook-uuid"]), HeaderMark::by(&["x-event-key", "x-attempt-number"])];
const CHANGES: &str = "push.changes[].";

const WANTED: &[&str] = &[
    "push.changes[].old.type",
    "push.changes[].old.name",
    "push.changes[].old.target.hash",
    "push.changes[].new.type",
    "push.changes[].new.name",
    "push.changes[].new.target.hash",
    "push.changes[].new.target.message",
    "repository.full_name",
    "repository.mainbranch.name",
    "actor.nickname",
    "actor.username",
    "actor.display_name",
    "pullrequest.state",
    "pullrequest.destination.branch.name",
    "pullrequest.merge_commit.hash",
];

/// Bitbucket Cloud's dialect.
pub(crate) struct Bitbucket;

impl Dialect for Bitbucket {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        SIGNATURE.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, EVENT)?;
        let fields = Fields::read(WANTED, document)?;
        let event = |kind| Event {
            repository: name(&fields, &["repository.full_name"]),
            default_branch: default_branch(&fields, "repository.mainbranch.name"),
            pusher: name(&fields, &["actor.nickname", "actor.username", "actor.display_name"]),
            delivery: delivery_id(head, &[DELIVERY]),
            ..Event::new(kind)
        };
        match word {
            "repo:push" => several(&fields, CHANGES, |change| changed(event(EventKind::Push), change)),
            // The word is not signed, the state is.
            "pullrequest:fulfilled" if fields.text("pullrequest.state") == Some("MERGED") => {
                let reference = Some(branch(&fields, "pullrequest.destination.branch.name")?);
                // Often abbreviated, and then of no use.
                let after = commit(&fields, "pullrequest.merge_commit.hash").ok().flatten();
                Ok(Event { reference, after, ..event(EventKind::Merge) }.into())
            }
            _ => Ok(event(other(word)).into()),
        }
    }

    fn marks(&self) -> &'static [HeaderMark] {
        &MARKS
    }

    fn imitates(&self) -> &'static [&'static str] {
        &["bitbucket-server"]
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-request-uuid"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-event-key", "x-hook-uuid", "x-attempt-number"]
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sends_again(&self) -> bool {
        true
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let end = |hash: &str| json!({ "type": "branch", "name": sample.branch, "target": { "hash": hash } });
        json!({
            "push": { "changes": [{ "old": end(sample.before), "new": end(sample.after), "commits": [] }] },
            "repository": { "full_name": sample.repository },
            "actor": { "nickname": sample.pusher },
        })
    }

    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
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
                    "state": "MERGED",
                    "destination": { "branch": { "name": wanted.short() } },
                    "merge_commit": { "hash": wanted.after },
                });
                return Some((beside(&push, json!({ "pullrequest": merged })), "pullrequest:fulfilled"));
            }
            _ => return None,
        }
        Some((push, "push"))
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = if sent.event == "push" { "repo:push" } else { sent.event };
        Ok(vec![
            header(EVENT, event),
            header(DELIVERY, sent.delivery),
            header("X-Attempt-Number", "1"),
            SIGNATURE.sign(sent.secret, sent.body),
        ])
    }
}

/// One element of `push.changes`. Its `new` is null for what was deleted, its `old` for what was created.
fn changed(event: Event, change: &Fields) -> Result<Option<Event>, NoEvent> {
    let is_new = change.has("push.changes[].new.name");
    let (kind_path, name_path) = if is_new {
        ("push.changes[].new.type", "push.changes[].new.name")
    } else {
        ("push.changes[].old.type", "push.changes[].old.name")
    };
    let full = match change.text(kind_path) {
        Some("branch") => RefName::branch_named,
        Some("tag") => RefName::tag_named,
        _ => return Err(NoEvent::Ignored(format!("`{kind_path}` is neither `branch` nor `tag`"))),
    };
    let reference = named(change, name_path, full)?;
    let before = commit(change, "push.changes[].old.target.hash")?;
    let after = commit(change, "push.changes[].new.target.hash")?;
    if is_new && after.is_none() {
        return Err(Malformed::new("`push.changes[].new.target.hash` is missing").into());
    }
    let message = change.start_of("push.changes[].new.target.message").map(str::to_owned);
    Ok(moved(Event { message, ..event }, Some(reference), before, after))
}
