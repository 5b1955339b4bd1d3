//! Pure. The way in which the deliveries of a hook are read, once they are verified.

use super::section::Layers;
use super::{provider, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::TypedEntry;
use crate::provider::ReadOptions;

/// Words of `payload`, and whether GitHub's fields are in it.
const PAYLOADS: [(&str, bool); 2] = [("any", false), ("github", true)];

/// `payload` and `delivery_header`.
pub(super) fn options(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<ReadOptions> {
    let github_payload = match layers.get("payload") {
        Some(entry) => value::word(&entry, &PAYLOADS, findings),
        // A hook that asks for branches or tags can mean nothing else.
        None => Some(["branches", "tags"].iter().any(|key| layers.own.get(key).is_some())),
    };
    let delivery_header = match layers.get("delivery_header") {
        Some(entry) => Some(value::header(&entry, findings)?),
        None => None,
    };
    let github_payload = github_payload?;
    if !github_payload {
        never_anything_but_a_push(layers, findings);
    }
    Some(ReadOptions { keep_paths: layers.get("paths").is_some(), github_payload, delivery_header })
}

/// Reports `events` that a payload of any kind cannot be.
fn never_anything_but_a_push(layers: &Layers<'_>, findings: &mut Findings<'_>) {
    let (Some(entry), Some(sender)) = (layers.own.get("events"), layers.get("provider")) else { return };
    let has_choice = sender.as_text().is_some_and(|name| provider::owners("payload").contains(&name));
    let words: Vec<_> = entry.as_list().unwrap_or_default().iter().filter_map(TypedEntry::as_text).collect();
    let is_known = !words.is_empty() && !words.contains(&"push");
    if layers.own.table == Table::Hook && has_choice && is_known {
        let hint = "say `payload = \"github\"` if it has GitHub's `ref`, `before` and `after`";
        entry.wrong(findings, "a delivery of this provider is always a `push`", hint);
    }
}
