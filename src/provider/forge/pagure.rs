//! Pure. Pagure: bare HMAC-SHA256 over the raw body; old servers HMAC-SHA1.
//!
//! The topic is read from the body, since only that is signed. A push of a tag may come as `git.receive` of a branch
//! with the tag's name, beside `git.tag.creation`, which is the one that counts.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{branch, commit, id, moved, name, other, tag};
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

const SIGNATURE: HmacHeader<'static> =
    HmacHeader { name: "X-Pagure-Signature-256", prefix: "", algorithm: Algorithm::Sha256, encoding: Encoding::Hex };
/// Decides only where the other did not arrive at all.
const LEGACY: HmacHeader<'static> =
    HmacHeader { name: "X-Pagure-Signature", prefix: "", algorithm: Algorithm::Sha1, encoding: Encoding::Hex };

const WANTED: &[&str] = &[
    "topic",
    "msg_id",
    "msg.agent",
    "msg.branch",
    "msg.tag",
    "msg.rev",
    "msg.old_commit",
    "msg.end_commit",
    "msg.forced",
    "msg.changed_files{}",
    "msg.project_fullname",
    "msg.repo.fullname",
];

/// Pagure's dialect.
pub(crate) struct Pagure;

impl Dialect for Pagure {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        SIGNATURE.begin_or(&LEGACY, head, secrets)
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let fields = Fields::read(WANTED, document)?;
        let topic = fields.text("topic").ok_or_else(|| Malformed::new("`topic` is missing"))?.to_owned();
        let event = |kind| Event {
            repository: name(&fields, &["msg.project_fullname", "msg.repo.fullname"]),
            pusher: name(&fields, &["msg.agent"]),
            delivery: id(&fields, "msg_id"),
            ..Event::new(kind)
        };
        let rev = || commit(&fields, "msg.rev");
        Ok(match topic.as_str() {
            "Test.notification" => Delivery::Ping,
            "git.receive" => return received(event(EventKind::Push), fields),
            "git.branch.deletion" => {
                let reference = Some(branch(&fields, "msg.branch")?);
                Event { reference, before: rev()?, ..event(EventKind::Delete) }.into()
            }
            "git.tag.creation" => {
                Event { reference: Some(tag(&fields, "msg.tag")?), after: rev()?, ..event(EventKind::Push) }.into()
            }
            "git.tag.deletion" => {
                Event { reference: Some(tag(&fields, "msg.tag")?), before: rev()?, ..event(EventKind::Delete) }.into()
            }
            // A new branch is received as well, and that says more.
            word => event(other(word)).into(),
        })
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-pagure-topic"])] }
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-pagure-topic"]
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        json!({
            "topic": "git.receive",
            "msg_id": sample.after,
            "msg": {
                "agent": sample.pusher,
                "branch": sample.branch,
                "old_commit": sample.before,
                "end_commit": sample.after,
                "forced": false,
                "changed_files": {},
                "project_fullname": sample.repository,
            },
        })
    }

    /// Everything has a topic of its own.
    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
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

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let topic = if sent.event == "push" { "git.receive" } else { sent.event };
        Ok(vec![header("X-Pagure-Topic", topic), SIGNATURE.sign(sent.secret, sent.body)])
    }
}

/// `old_commit` of a new branch is zeros, behind a caret in some versions.
fn received(event: Event, mut fields: Fields) -> Result<Delivery, NoEvent> {
    let is_new = fields.text("msg.old_commit").is_some_and(|old| old.starts_with('^'));
    let before = if is_new { None } else { commit(&fields, "msg.old_commit")? };
    let after = commit(&fields, "msg.end_commit")?;
    let reference = branch(&fields, "msg.branch")?;
    // After a forced push the list begins at the merge base, and tells nothing of what was taken away.
    let complete = before.is_some() && fields.flag("msg.forced") == Some(false);
    let changes = fields.take_commits().unwrap_or_default().into_changes(complete);
    let moved = moved(Event { changes, ..event }, Some(reference), before, after);
    Ok(moved.map_or(Delivery::Ping, Delivery::from))
}
