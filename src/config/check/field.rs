//! Pure. `match`: what fields of the payload must be.

use super::{section, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{FieldRule, FieldTest};
use crate::provider::{PICKED_LIMIT_BYTES, Pointer};
use regex::{Regex, RegexBuilder};

/// Largest compiled expression in bytes; `\w{100}` still fits.
const REGEX_LIMIT_BYTES: usize = 1 << 20;

/// An array of tables; perhaps empty, so that a hook can undo a default.
pub(super) fn rules(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<FieldRule>> {
    let Some(list) = entry.as_list() else {
        entry.wrong_kind(findings, "an array of tables", "write `[{ field = \"/action\", equals = \"published\" }]`");
        return None;
    };
    let rules: Vec<_> = list.iter().map(|element| rule(element, findings)).collect();
    rules.into_iter().collect()
}

fn rule(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<FieldRule> {
    let table = section::open(entry, Table::Match, findings)?;
    let field = table.get("field").and_then(|entry| pointer(&entry, findings));
    let test = test(&table, findings);
    Some(FieldRule { field: field?, test: test? })
}

fn pointer(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Pointer> {
    let typed = value::text(entry, findings)?;
    let pointer = typed.parse();
    if let Err(error) = pointer {
        entry.wrong(findings, format!("`{}` is not a JSON pointer", typed.escape_debug()), format!("{error}"));
    }
    pointer.ok()
}

fn test(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<FieldTest> {
    match (table.get("equals"), table.get("regex")) {
        (Some(entry), None) => equals(&entry, findings),
        (None, Some(entry)) => regex(&entry, findings).map(FieldTest::Regex),
        (Some(_), Some(_)) => {
            let hint = "make it two elements: all of them must hold";
            findings.add(table.span.clone(), "an element of `match` cannot have both `equals` and `regex`", hint);
            None
        }
        (None, None) => {
            let hint = "as in `{ field = \"/action\", equals = \"published\" }`";
            findings.add(table.span.clone(), "an element of `match` must have `equals` or `regex`", hint);
            None
        }
    }
}

fn equals(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<FieldTest> {
    if let Some(flag) = entry.as_bool() {
        return Some(FieldTest::Flag(flag));
    }
    if let Some(number) = entry.as_integer() {
        let number = u64::try_from(number).ok();
        if number.is_none() {
            entry.wrong(findings, "`equals` must not be negative", "");
        }
        return number.map(FieldTest::Number);
    }
    let Some(text) = entry.as_text() else {
        entry.wrong_kind(findings, "a string, an integer or a boolean", "");
        return None;
    };
    if text.len() > PICKED_LIMIT_BYTES {
        entry.wrong(findings, format!("`equals` is longer than {PICKED_LIMIT_BYTES} bytes"), "no longer text is read");
        return None;
    }
    Some(FieldTest::Text(text.to_owned()))
}

fn regex(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Regex> {
    let typed = value::text(entry, findings)?;
    let built = RegexBuilder::new(typed).size_limit(REGEX_LIMIT_BYTES).build();
    if let Err(error) = &built {
        let (message, hint) = trouble(error);
        entry.wrong(findings, message, hint);
    }
    built.ok()
}

/// The parser's report has lines and a caret of its own; its last line says what is wrong.
fn trouble(error: &regex::Error) -> (String, &'static str) {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return ("the regular expression is too large".to_owned(), "repeat less");
    }
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let hint = "write it in single quotes, so that `\\` needs no escape; there is no look-around";
    (format!("not a regular expression: {reason}"), hint)
}
