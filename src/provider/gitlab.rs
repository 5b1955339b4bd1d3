//! Pure. GitLab, by its token: the secret itself in a header. The body is not signed.

use super::dialect::{Dialect, Sent, header};
use super::event::{
    branch, commit, default_branch, delivery_id, name, other, other_action, push, reference, tag, word,
};
use super::facts::Facts;
use super::signature::required;
use super::{Check, Denied, Malformed, SamplePush, Secret};
use crate::model::{Delivery, Event, EventKind, Head};
use jiff::Timestamp;
use serde_json::json;
use std::io::Read;

const TOKEN: &str = "X-Gitlab-Token";
/// A signing token's signature (Standard Webhooks). When it is there it is what must decide, and a token beside it
/// would be a way around it.
const SIGNATURE: &str = "webhook-signature";
const EVENT: &str = "X-Gitlab-Event";

const WANTED: &[&str] = &[
    "ref",
    "before",
    "after",
    "checkout_sha",
    "action",
    "tag",
    "object_kind",
    "event_name",
    "total_commits_count",
    "commits[]",
    "commit.id",
    "project.path_with_namespace",
    "project.default_branch",
    "user_username",
    "user_name",
    "user.username",
    "object_attributes.action",
    "object_attributes.state",
    "object_attributes.target_branch",
    "object_attributes.merge_commit_sha",
];

/// GitLab's dialect.
pub(super) struct Gitlab;

impl Dialect for Gitlab {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        if head.headers.first(SIGNATURE).is_some() {
            let hint = "remove the signing token of this hook at GitLab and set a secret token";
            return Err(Denied::Unsupported { header: SIGNATURE, hint });
        }
        Check::token(TOKEN, required(head, TOKEN)?, secrets)
    }

    fn read(&self, head: &Head, document: &mut dyn Read) -> Result<Delivery, Malformed> {
        let word = word(head, EVENT)?.trim_end_matches(" Hook").to_ascii_lowercase().replace(' ', "_");
        let facts = Facts::read(WANTED, document)?;
        // A system hook says what it is about inside only.
        let inner = facts.text("object_kind").or_else(|| facts.text("event_name")).map(str::to_owned);
        let word = inner.filter(|_| word == "system").unwrap_or(word);
        let delivery = delivery_id(head, &["Idempotency-Key", "webhook-id"]);
        match word.as_str() {
            "push" | "tag_push" => pushed(facts, delivery),
            "merge_request" => merge_request(&facts, delivery),
            "release" if facts.text("action") == Some("create") => released(&facts, delivery),
            "release" => Ok(event(&facts, delivery, other_action("release", &facts)).into()),
            _ => Ok(event(&facts, delivery, other(&word)).into()),
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> serde_json::Value {
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

    fn sign(&self, sent: &Sent<'_>) -> Vec<(String, String)> {
        let event = if sent.event == "push" { "Push Hook" } else { sent.event };
        let token = String::from_utf8_lossy(sent.secret.bytes());
        vec![header(EVENT, event), header("Idempotency-Key", sent.delivery), header(TOKEN, token)]
    }
}

/// An event of `kind` with what every delivery says.
fn event(facts: &Facts, delivery: Option<String>, kind: EventKind) -> Event {
    Event {
        repository: name(facts, &["project.path_with_namespace"]),
        default_branch: default_branch(facts, "project.default_branch"),
        pusher: name(facts, &["user_username", "user.username", "user_name"]),
        delivery,
        ..Event::new(kind)
    }
}

fn pushed(mut facts: Facts, delivery: Option<String>) -> Result<Delivery, Malformed> {
    let existed = matches!(commit(&facts, "before"), Ok(Some(_)));
    let all = facts.commits().map(|commits| commits.count) == facts.number("total_commits_count");
    let changes = facts.take_commits().map(|commits| commits.into_changes(existed && all)).unwrap_or_default();
    let event = Event { changes, ..event(&facts, delivery, EventKind::Push) };
    let reference = reference(&facts, "ref")?;
    let is_tag = reference.tag().is_some();
    let mut delivery = push(event, Some(reference), &facts)?;
    if let Delivery::Events(events) = &mut delivery
        && is_tag
        && let [event @ Event { kind: EventKind::Push, .. }] = events.as_mut_slice()
    {
        // `after` of an annotated tag is the tag itself; this is its commit.
        event.after = commit(&facts, "checkout_sha")?.or(event.after.take());
    }
    Ok(delivery)
}

fn merge_request(facts: &Facts, delivery: Option<String>) -> Result<Delivery, Malformed> {
    let text = |field: &str| facts.text(&format!("object_attributes.{field}"));
    if text("action") != Some("merge") || text("state") != Some("merged") {
        let kind = other(&format!("merge_request.{}", text("action").unwrap_or("unknown")));
        return Ok(event(facts, delivery, kind).into());
    }
    let mut event = event(facts, delivery, EventKind::Merge);
    event.reference = Some(branch(facts, "object_attributes.target_branch")?);
    event.after = commit(facts, "object_attributes.merge_commit_sha")?;
    Ok(event.into())
}

fn released(facts: &Facts, delivery: Option<String>) -> Result<Delivery, Malformed> {
    let mut event = event(facts, delivery, EventKind::Release);
    event.reference = Some(tag(facts, "tag")?);
    event.after = commit(facts, "commit.id")?;
    Ok(event.into())
}
