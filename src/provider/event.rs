//! Pure. From the fields of a document to an event: names, commits and kinds, checked.

use crate::model::{Delivery, Event, EventKind, Head, RefName, is_commit, is_delivery_id, is_name};
use crate::provider::json::{Fields, LIST_LIMIT};
use crate::provider::malformed::{Malformed, NoEvent};

/// Longest word for another event.
const WORD_LIMIT: usize = 64;

/// The provider's word for the event, from the only header `name`.
pub(crate) fn word<'a>(head: &'a Head, name: &str) -> Result<&'a str, Malformed> {
    let value = head.headers.only(&name.to_ascii_lowercase()).map_err(|twice| Malformed::new(twice.to_string()))?;
    let word = value.and_then(|value| std::str::from_utf8(value).ok()).filter(|word| !word.is_empty());
    word.ok_or_else(|| Malformed::new(format!("header `{name}` with the event is missing")))
}

/// An event that no kind is for, by the provider's word: lower case, at most 64 letters, digits and `._-`. Never
/// one of our own words, so that no sender's word can pass for them.
pub(crate) fn other(word: &str) -> EventKind {
    let clean = |c: char| if c.is_ascii_alphanumeric() || ".-".contains(c) { c.to_ascii_lowercase() } else { '_' };
    let word: String = word.chars().take(WORD_LIMIT).map(clean).collect();
    match word.as_str() {
        "" => EventKind::Other("unknown".to_owned()),
        ours if EventKind::WORDS.contains(&ours) => EventKind::Other(format!("{word}_event")),
        _ => EventKind::Other(word),
    }
}

/// `word.action`: a release that was edited is no release.
pub(crate) fn other_action(word: &str, fields: &Fields) -> EventKind {
    match fields.text("action") {
        Some(action) if !action.is_empty() => other(&format!("{word}.{action}")),
        _ => other(word),
    }
}

/// The delivery id in the first of `names` that arrived and looks like one.
pub(crate) fn delivery_id(head: &Head, names: &[&str]) -> Option<String> {
    checked_id(names.iter().find_map(|name| head.headers.first(&name.to_ascii_lowercase()))?)
}

/// The delivery id at `path` of the document, if it looks like one.
pub(crate) fn id(fields: &Fields, path: &str) -> Option<String> {
    checked_id(fields.text(path)?.as_bytes())
}

fn checked_id(id: &[u8]) -> Option<String> {
    is_delivery_id(id).then(|| String::from_utf8_lossy(id).into_owned())
}

/// The first of `paths` that holds a name that can be shown: not empty, short, without control characters.
pub(crate) fn name(fields: &Fields, paths: &[&str]) -> Option<String> {
    paths.iter().filter_map(|path| fields.text(path)).find(|text| is_name(text)).map(str::to_owned)
}

/// The branch name at `path`, if git would have it.
pub(crate) fn default_branch(fields: &Fields, path: &str) -> Option<String> {
    fields.text(path).filter(|name| RefName::branch_named(name).is_some()).map(str::to_owned)
}

/// The commit at `path`: 40 or 64 hex digits. `None` if there is none, or zeros (no commit).
pub(crate) fn commit(fields: &Fields, path: &str) -> Result<Option<String>, Malformed> {
    let Some(text) = fields.text_if_any(path)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_ascii_lowercase();
    if !is_commit(&text) {
        return Err(Malformed::new(format!("`{path}` is not a commit")));
    }
    Ok((!is_zeros(&text)).then_some(text))
}

/// The commit at `path`, which must be there.
pub(crate) fn some_commit(fields: &Fields, path: &str) -> Result<String, Malformed> {
    commit(fields, path)?.ok_or_else(|| Malformed::new(format!("`{path}` is missing")))
}

/// True if a commit is all zeros, as forges write "none".
pub(crate) fn is_zeros(commit: &str) -> bool {
    matches!(commit.len(), 40 | 64) && commit.bytes().all(|digit| digit == b'0')
}

/// The full reference name at `path`; of no use unless it is that of a branch or tag.
pub(crate) fn reference(fields: &Fields, path: &str) -> Result<RefName, NoEvent> {
    let full = present(fields, path)?;
    RefName::parse(full).ok_or_else(|| no_reference(path))
}

/// The branch at `path`, short or full.
pub(crate) fn branch(fields: &Fields, path: &str) -> Result<RefName, NoEvent> {
    full_or(fields, path, RefName::branch_named)
}

/// The tag at `path`, short or full.
pub(crate) fn tag(fields: &Fields, path: &str) -> Result<RefName, NoEvent> {
    full_or(fields, path, RefName::tag_named)
}

fn full_or(fields: &Fields, path: &str, named: fn(&str) -> Option<RefName>) -> Result<RefName, NoEvent> {
    let text = present(fields, path)?;
    let parsed = if text.starts_with("refs/") { RefName::parse(text) } else { named(text) };
    parsed.ok_or_else(|| no_reference(path))
}

fn present<'a>(fields: &'a Fields, path: &str) -> Result<&'a str, Malformed> {
    let hint = "is missing: is this hook at the forge of the forge's own type, not one for a chat service?";
    fields.text_if_any(path)?.ok_or_else(|| Malformed::new(format!("`{path}` {hint}")))
}

/// A ref that git allows somewhere, and that nobody deploys from: a note, a pull request, a name like an option.
fn no_reference(path: &str) -> NoEvent {
    NoEvent::Ignored(format!("`{path}` is not a branch or tag that could be deployed"))
}

/// `owner/name` from the names at two paths.
pub(crate) fn full_name(fields: &Fields, owner: &str, last: &str) -> Option<String> {
    Some(format!("{}/{}", name(fields, &[owner])?, name(fields, &[last])?))
}

/// The name at `path`, which is short, in full.
pub(crate) fn named(fields: &Fields, path: &str, full: fn(&str) -> Option<RefName>) -> Result<RefName, NoEvent> {
    full(present(fields, path)?).ok_or_else(|| no_reference(path))
}

/// `event` as the move of `reference` from `before` to `after`; `None` if that moves nothing, and so is a test.
pub(crate) fn moved(
    event: Event,
    reference: Option<RefName>,
    before: Option<String>,
    after: Option<String>,
) -> Option<Event> {
    let kind = if after.is_none() { EventKind::Delete } else { event.kind.clone() };
    (before != after).then_some(Event { kind, reference, before, after, ..event })
}

/// One delivery about several refs: an event for each object of the list at `path` that `each` makes one of. A part
/// that is of no use hides none of the others.
pub(crate) fn several(
    fields: &Fields,
    path: &str,
    each: impl Fn(&Fields) -> Result<Option<Event>, NoEvent>,
) -> Result<Delivery, NoEvent> {
    let list = || path.trim_end_matches("[].");
    let items = fields.items(path).ok_or_else(|| Malformed::new(format!("`{}` is missing", list())))?;
    if items.more {
        return Err(Malformed::new(format!("`{}` has more than {LIST_LIMIT} elements", list())).into());
    }
    let (mut events, mut useless) = (Vec::new(), None);
    for item in &items.kept {
        match each(item) {
            Ok(event) => events.extend(event),
            Err(NoEvent::Ignored(why)) => useless = Some(why),
            Err(malformed) => return Err(malformed),
        }
    }
    match useless {
        _ if !events.is_empty() => Ok(Delivery::Events(events)),
        Some(why) => Err(NoEvent::Ignored(why)),
        None if items.kept.is_empty() => Ok(Delivery::Ignored("the delivery moves no branch or tag".to_owned())),
        None => Ok(Delivery::Ping),
    }
}

/// Completes `event` into a push of `reference` from `before` to `after`. A push that moves nothing is a test; one
/// to zeros, or marked `deleted`, a deletion.
pub(crate) fn push(mut event: Event, reference: Option<RefName>, fields: &Fields) -> Result<Delivery, NoEvent> {
    if is_test(fields) {
        return Ok(Delivery::Ping);
    }
    event.reference = reference;
    event.before = commit(fields, "before")?;
    event.after = commit(fields, "after")?;
    if fields.flag("deleted") == Some(true) || fields.text("after").is_some_and(is_zeros) {
        event.kind = EventKind::Delete;
        event.after = None;
    }
    Ok(event.into())
}

/// The same push, to the commit that a tag names, where the forge tells which.
pub(crate) fn at_commit(mut delivery: Delivery, tagged: Option<String>) -> Delivery {
    if let Delivery::Events(events) = &mut delivery
        && let [event @ Event { kind: EventKind::Push, .. }] = events.as_mut_slice()
    {
        event.after = tagged.or(event.after.take());
    }
    delivery
}

/// True if `before` and `after` are the same: the test buttons of Gitea, Forgejo and Gogs send a push that moves
/// nothing, some from zeros to zeros.
fn is_test(fields: &Fields) -> bool {
    match (fields.text("before"), fields.text("after")) {
        (Some(before), Some(after)) => !after.is_empty() && before.eq_ignore_ascii_case(after),
        _ => false,
    }
}
