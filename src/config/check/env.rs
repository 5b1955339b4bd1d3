//! Pure. `env`: variables that a hook or a step adds to the environment of the steps.

use super::{secret, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::TypedEntry;
use crate::config::settings::{Variable, VariableValue};

/// The names of hookspool's own variables begin with this.
const OURS: &str = "HOOKSPOOL_";

/// The variables of a table, whose keys are their names.
pub(super) fn variables(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<Variable>> {
    let Some(table) = entry.as_section(Table::Env) else {
        entry.wrong_kind(findings, "a table", "as in `env = { NODE_OPTIONS = \"--max-old-space-size=1024\" }`");
        return None;
    };
    let variables: Vec<_> = table.entries().map(|variable| one(&variable, findings)).collect();
    variables.into_iter().collect()
}

fn one(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Variable> {
    let name = entry.key;
    if !is_name(name) {
        let message = format!("`{}` is not the name of a variable", name.escape_debug());
        findings.add(entry.key_span.clone(), message, "letters, digits and `_`, and no digit at the beginning");
        return None;
    }
    if name.starts_with(OURS) {
        let message = format!("`{name}`: names that begin with `{OURS}` are hookspool's own");
        findings.add(entry.key_span.clone(), message, "choose another name");
        return None;
    }
    let value = match entry.as_section(Table::Secret) {
        Some(table) => VariableValue::Secret(secret::of_variable(&table, findings)?),
        None => VariableValue::Text(text(entry, findings)?),
    };
    Some(Variable { name: name.to_owned(), value })
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

fn text(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    if entry.as_text().is_none() {
        let hint = "write it in quotes, or `{ file = \"/path\" }` for a secret";
        entry.wrong_kind(findings, "a string", hint);
        return None;
    }
    value::any_text(entry, findings).map(str::to_owned)
}
