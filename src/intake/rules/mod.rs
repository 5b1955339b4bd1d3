//! Pure. The decision whether a verified event becomes a job, and why not.

mod fields;
#[cfg(test)]
mod tests;

pub use fields::unmatched;

use crate::config::Rules;
use crate::model::{Event, RefName};

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
        ("repository", rules.unwanted_repository(event.repository.as_deref())),
        ("events", rules.unwanted_kind(&event.kind, event.reference.as_ref())),
        (reference, unwanted_reference(rules, event)),
        ("skip", skipped(rules, event)),
        ("match", unmatched.map(str::to_owned)),
        ("paths", unwanted_paths(rules, event)),
    ]
    .into_iter()
}

/// Without `branches` the default branch is wanted, as the delivery names it.
fn unwanted_reference(rules: &Rules, event: &Event) -> Option<String> {
    let reference = event.reference.as_ref()?;
    let unwanted = || rules.unwanted_reference(&event.kind, reference);
    match (reference.branch(), &rules.branches, &event.default_branch) {
        (None, ..) | (_, Some(_), _) => unwanted(),
        (Some(branch), None, Some(default)) if default == branch => None,
        (Some(branch), None, Some(default)) => {
            Some(format!("branch {branch} is not the default branch {default}; `branches` would name others"))
        }
        (Some(_), None, None) => Some("the delivery names no default branch; set `branches`".into()),
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
