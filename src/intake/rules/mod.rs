//! Pure. Whether a verified event becomes a job, and why not.

mod fields;
#[cfg(test)]
mod tests;

pub use fields::unmatched;

use crate::config::Rules;
use crate::model::{Event, EventKind, RefName};

/// The decision of the rules on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It becomes a job; `note` says what a person might wonder about.
    Run {
        /// For the job's record.
        note: Option<String>,
    },
    /// It does not; the reason is for sender and log.
    Ignore(String),
}

/// Decides in the order of [`each`]; the first rule that does not fit names the reason. `unmatched` is what
/// [`unmatched`] says of the payload.
pub fn decide(rules: &Rules, event: &Event, unmatched: Option<&str>) -> Decision {
    let unwanted = each(rules, event, unmatched).find_map(|(_, why)| why);
    unwanted.map_or_else(|| Decision::Run { note: unsure(rules, event) }, Decision::Ignore)
}

/// Each rule by the key that sets it, and why it does not want the event, if it does not.
pub fn each(
    rules: &Rules,
    event: &Event,
    unmatched: Option<&str>,
) -> impl Iterator<Item = (&'static str, Option<String>)> {
    let reference = if event.reference.as_ref().is_some_and(|name| name.tag().is_some()) { "tags" } else { "branches" };
    [
        ("repository", unwanted_repository(rules, event)),
        ("events", unwanted_kind(rules, event)),
        (reference, unwanted_reference(rules, event)),
        ("skip", skipped(rules, event)),
        ("match", unmatched.map(str::to_owned)),
        ("paths", unwanted_paths(rules, event)),
    ]
    .into_iter()
}

fn unwanted_repository(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.repository.as_ref()?;
    match &event.repository {
        Some(got) if got.eq_ignore_ascii_case(wanted) => None,
        Some(got) => Some(format!("repository {got} is not the one of this hook")),
        None => Some("the delivery names no repository".into()),
    }
}

fn unwanted_kind(rules: &Rules, event: &Event) -> Option<String> {
    let wanted = rules.events.iter().any(|wanted| event.is_a(wanted));
    (!wanted).then(|| format!("event {} is not wanted", event.kind.as_str()))
}

fn unwanted_reference(rules: &Rules, event: &Event) -> Option<String> {
    let reference = event.reference.as_ref()?;
    match (reference.branch(), reference.tag()) {
        (Some(branch), _) => unwanted_branch(rules, event, branch),
        (_, Some(tag)) => unwanted_tag(rules, event, tag),
        _ => None,
    }
}

fn unwanted_branch(rules: &Rules, event: &Event, branch: &str) -> Option<String> {
    match (&rules.branches, &event.default_branch) {
        (Some(globs), _) => (!globs.is_match(branch)).then(|| format!("branch {branch} is not deployed")),
        (None, Some(default)) if default == branch => None,
        (None, Some(default)) => Some(format!("branch {branch} is not the default branch {default}")),
        (None, None) => Some("the delivery names no default branch; set `branches`".into()),
    }
}

/// A release or package names a tag without anybody having asked for tags; `events` may ask for all of them.
fn unwanted_tag(rules: &Rules, event: &Event, tag: &str) -> Option<String> {
    match &rules.tags {
        Some(globs) => (!globs.is_match(tag)).then(|| format!("tag {tag} is not deployed")),
        None if matches!(event.kind, EventKind::Release | EventKind::Package) => None,
        None if event.is_a("tag") && rules.events.iter().any(|wanted| wanted == "tag") => None,
        None => Some("tags are not deployed".into()),
    }
}

/// The person who pushed does not want it.
fn skipped(rules: &Rules, event: &Event) -> Option<String> {
    let message = event.message.as_ref()?.to_ascii_lowercase();
    let word = rules.skip.iter().find(|word| message.contains(&word.to_ascii_lowercase()))?;
    Some(format!("the head commit's message says `{word}`"))
}

fn unwanted_paths(rules: &Rules, event: &Event) -> Option<String> {
    let others_only = event.changes.complete && !has_wanted_path(rules, event);
    others_only.then(|| "none of the changed paths is one of this hook".into())
}

/// An incomplete list lets the delivery pass: a needless job is better than a missing one.
fn unsure(rules: &Rules, event: &Event) -> Option<String> {
    let unsure = !event.changes.complete && !has_wanted_path(rules, event);
    unsure.then(|| "the list of changed paths is incomplete".into())
}

fn has_wanted_path(rules: &Rules, event: &Event) -> bool {
    rules.paths.as_ref().is_none_or(|globs| event.changes.paths.iter().any(|path| globs.is_match(path)))
}

/// The part of a reference that `list` and `send` show.
pub fn short(reference: &RefName) -> &str {
    reference.branch().or_else(|| reference.tag()).unwrap_or(reference.as_str())
}
