//! Pure. GitLab's shape of a document, which GitCode, Codeup, Tencent Git and CodeArts took over.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::body::Document;
use crate::provider::event::{
    at_commit, branch, commit, default_branch, delivery_id, name, other, other_action, push, reference, some_commit,
    tag, word,
};
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};

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
    "repository.homepage",
    "user_username",
    "user_name",
    "user.username",
    "object_attributes.action",
    "object_attributes.state",
    "object_attributes.target_branch",
    "object_attributes.merge_commit_sha",
    "object_attributes.squash_commit_sha",
    "object_attributes.last_commit.id",
    "object_attributes.status",
    "object_attributes.source",
    "object_attributes.ref",
    "object_attributes.sha",
    "object_attributes.tag",
    "commit.message",
    "operation_kind",
];

/// Reads the document. The event is named by the header `event_header`, or by the document itself where that is
/// `None`; the delivery id by the first of `delivery_headers`.
pub(crate) fn read(
    head: &Head,
    document: Document<'_>,
    event_header: Option<&str>,
    delivery_headers: &[&str],
) -> Result<Delivery, NoEvent> {
    let header = event_header.map(|name| word(head, name)).transpose()?;
    let word = header.map(|word| word.trim_end_matches(" Hook").to_ascii_lowercase().replace(' ', "_"));
    let fields = Fields::read(WANTED, document)?;
    // A system hook says what it is about inside only.
    let word = word.filter(|word| word != "system").or_else(|| inner_word(&fields)).unwrap_or_default();
    let delivery = delivery_id(head, delivery_headers);
    match word.as_str() {
        "push" | "tag_push" => pushed(fields, delivery),
        "merge_request" => merge_request(&fields, delivery),
        "pipeline" => pipeline(&fields, delivery),
        "release" if fields.text("action") == Some("create") => released(&fields, delivery),
        "release" => Ok(event(&fields, delivery, other_action("release", &fields)).into()),
        _ => Ok(event(&fields, delivery, other(&word)).into()),
    }
}

fn inner_word(fields: &Fields) -> Option<String> {
    fields.text("object_kind").or_else(|| fields.text("event_name")).map(str::to_owned)
}

/// The word for `event` in a header.
pub(crate) fn header_word(event: &str) -> &str {
    if event == "push" { "Push Hook" } else { event }
}

/// An event of `kind` with what every delivery says.
fn event(fields: &Fields, delivery: Option<String>, kind: EventKind) -> Event {
    Event {
        repository: name(fields, &["project.path_with_namespace"]).or_else(|| path_of(fields, "repository.homepage")),
        default_branch: default_branch(fields, "project.default_branch"),
        pusher: name(fields, &["user_username", "user.username", "user_name"]),
        delivery,
        ..Event::new(kind)
    }
}

/// The path of the URL at `path`, which is the repository's name where there is no other.
fn path_of(fields: &Fields, path: &str) -> Option<String> {
    let url = name(fields, &[path])?;
    let (_, after_scheme) = url.split_once("://")?;
    let (_, full_name) = after_scheme.split_once('/')?;
    (!full_name.is_empty()).then(|| full_name.trim_end_matches(".git").to_owned())
}

fn pushed(mut fields: Fields, delivery: Option<String>) -> Result<Delivery, NoEvent> {
    let is_forced = fields.text("operation_kind") == Some("update_nonfastforward");
    let existed = matches!(commit(&fields, "before"), Ok(Some(_))) && !is_forced;
    let all = fields.commits().map(|commits| commits.count) == fields.number("total_commits_count");
    let commits = fields.take_commits().unwrap_or_default();
    let head = fields.text("checkout_sha").or(fields.text("after")).and_then(|head| commits.message_of(head));
    let message = head.map(str::to_owned);
    let changes = commits.into_changes(existed && all);
    let event = Event { changes, message, ..event(&fields, delivery, EventKind::Push) };
    let reference = reference(&fields, "ref")?;
    let is_tag = reference.tag().is_some();
    let delivery = push(event, Some(reference), &fields)?;
    // `after` of an annotated tag is the tag itself; this is its commit.
    let tagged = if is_tag { commit(&fields, "checkout_sha")? } else { None };
    Ok(at_commit(delivery, tagged))
}

fn merge_request(fields: &Fields, delivery: Option<String>) -> Result<Delivery, NoEvent> {
    let text = |field: &str| fields.text(&format!("object_attributes.{field}"));
    if text("action") != Some("merge") || text("state") != Some("merged") {
        let kind = other(&format!("merge_request.{}", text("action").unwrap_or("unknown")));
        return Ok(event(fields, delivery, kind).into());
    }
    let mut event = event(fields, delivery, EventKind::Merge);
    event.reference = Some(branch(fields, "object_attributes.target_branch")?);
    event.after = merged_commit(fields)?;
    Ok(event.into())
}

/// The commit that the target branch is at: a merge that only moved the branch forward has no commit of its own.
fn merged_commit(fields: &Fields) -> Result<Option<String>, Malformed> {
    for path in ["merge_commit_sha", "squash_commit_sha", "last_commit.id"] {
        if let Some(merged) = commit(fields, &format!("object_attributes.{path}"))? {
            return Ok(Some(merged));
        }
    }
    Ok(None)
}

/// A pipeline that succeeded. That of a merge request is of no branch: the request may come from a fork.
fn pipeline(fields: &Fields, delivery: Option<String>) -> Result<Delivery, NoEvent> {
    let status = fields.text("object_attributes.status").unwrap_or("unknown");
    if status != "success" {
        return Ok(event(fields, delivery, other(&format!("pipeline.{status}"))).into());
    }
    let source = fields.text("object_attributes.source").unwrap_or_default();
    if ["merge_request_event", "external_pull_request_event"].contains(&source) {
        return Err(NoEvent::Ignored("the pipeline is of a merge request, not of a branch".to_owned()));
    }
    let mut event = event(fields, delivery, EventKind::Ci);
    let is_tag = fields.flag("object_attributes.tag") == Some(true);
    event.reference = Some(if is_tag { tag } else { branch }(fields, "object_attributes.ref")?);
    event.after = Some(some_commit(fields, "object_attributes.sha")?);
    event.message = fields.start_of("commit.message").map(str::to_owned);
    Ok(event.into())
}

fn released(fields: &Fields, delivery: Option<String>) -> Result<Delivery, NoEvent> {
    let mut event = event(fields, delivery, EventKind::Release);
    event.reference = Some(tag(fields, "tag")?);
    event.after = commit(fields, "commit.id")?;
    Ok(event.into())
}
