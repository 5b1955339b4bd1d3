//! Pure. Single values: each reader returns what is right, or adds a problem.

use crate::config::findings::Findings;
use crate::config::nearest::nearest;
use crate::config::quantity::{self, DURATION_HINT, SIZE_HINT};
use crate::config::raw::TypedEntry;
use std::ops::RangeInclusive;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// Bounds of a time-out.
pub(super) const TIMEOUT_LIMITS: [&str; 2] = ["1ms", "7d"];

/// A string that is not blank and that can be an argument of a program.
pub(super) fn text<'a>(entry: &TypedEntry<'a>, findings: &mut Findings<'_>) -> Option<&'a str> {
    let text = any_text(entry, findings)?;
    if text.trim().is_empty() {
        entry.wrong(findings, format!("{} is empty", entry.label()), "");
        return None;
    }
    Some(text)
}

/// As `text`, but perhaps empty.
pub(super) fn any_text<'a>(entry: &TypedEntry<'a>, findings: &mut Findings<'_>) -> Option<&'a str> {
    let Some(text) = entry.as_text() else {
        entry.wrong_kind(findings, "a string", "");
        return None;
    };
    if text.contains('\0') {
        entry.wrong(findings, format!("{} holds a NUL character", entry.label()), "");
        return None;
    }
    Some(text)
}

/// One of some words.
pub(super) fn word<T: Copy>(entry: &TypedEntry<'_>, words: &[(&str, T)], findings: &mut Findings<'_>) -> Option<T> {
    let typed = text(entry, findings)?;
    let found = words.iter().find(|(word, _)| *word == typed);
    if found.is_none() {
        let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        unknown_word(entry, typed, &names, findings);
    }
    found.map(|(_, value)| *value)
}

/// Adds the problem that `typed` is none of `words`.
pub(super) fn unknown_word(entry: &TypedEntry<'_>, typed: &str, words: &[&str], findings: &mut Findings<'_>) {
    let hint = nearest(typed, words.iter().copied())
        .map_or_else(|| format!("known: `{}`", words.join("`, `")), |near| format!("did you mean `{near}`?"));
    entry.wrong(findings, format!("unknown word `{}` for `{}`", typed.escape_debug(), entry.key), hint);
}

pub(super) fn boolean(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<bool> {
    if entry.as_bool().is_none() {
        entry.wrong_kind(findings, "`true` or `false`", "");
    }
    entry.as_bool()
}

pub(super) fn integer(entry: &TypedEntry<'_>, range: RangeInclusive<i64>, findings: &mut Findings<'_>) -> Option<i64> {
    let number = entry.as_integer().filter(|number| range.contains(number));
    if number.is_none() {
        let message = format!("`{}` must be an integer from {} to {}", entry.key, range.start(), range.end());
        entry.wrong(findings, message, "");
    }
    number
}

/// A duration between `least` and `most`, which are as they would be typed.
pub(super) fn duration(entry: &TypedEntry<'_>, limits: [&str; 2], findings: &mut Findings<'_>) -> Option<Duration> {
    quantity(entry, quantity::duration, limits, ("a duration", "s", DURATION_HINT), findings)
}

/// A size in bytes between `least` and `most`, which are as they would be typed.
pub(super) fn size_bytes(entry: &TypedEntry<'_>, limits: [&str; 2], findings: &mut Findings<'_>) -> Option<u64> {
    quantity(entry, quantity::size_bytes, limits, ("a size", "MiB", SIZE_HINT), findings)
}

fn quantity<T: PartialOrd>(
    entry: &TypedEntry<'_>,
    read: fn(&str) -> Option<T>,
    [least, most]: [&str; 2],
    (noun, unit, hint): (&str, &str, &str),
    findings: &mut Findings<'_>,
) -> Option<T> {
    let Some(typed) = entry.as_text() else {
        let with_unit = entry.as_integer().map(|number| format!("add a unit, such as `\"{number}{unit}\"`"));
        entry.wrong_kind(findings, noun, &with_unit.unwrap_or_else(|| hint.to_owned()));
        return None;
    };
    let Some(value) = read(typed) else {
        entry.wrong(findings, format!("`{}` is not {noun}", typed.escape_debug()), hint);
        return None;
    };
    if read(least).is_some_and(|least| value < least) || read(most).is_some_and(|most| value > most) {
        entry.wrong(findings, format!("`{}` must be from {least} to {most}", entry.key), "");
        return None;
    }
    Some(value)
}

/// An absolute path without `..`.
pub(super) fn absolute_path(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<PathBuf> {
    let typed = text(entry, findings)?;
    let path = Path::new(typed);
    let hint = if typed.starts_with('~') || typed.starts_with('$') { "nothing is expanded: write it out" } else { "" };
    if !path.is_absolute() {
        entry.wrong(findings, format!("`{}` must be an absolute path", entry.key), hint);
        return None;
    }
    if path.components().any(|part| part == Component::ParentDir) {
        entry.wrong(findings, format!("`{}` must not contain `..`", entry.key), "");
        return None;
    }
    Some(path.components().collect())
}

/// A name that can be a file name and a part of a URL.
pub(super) fn name(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = text(entry, findings)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if typed.len() > 64 || !typed.chars().all(allowed) || matches!(typed, "." | "..") {
        let message = format!("`{}` is not a name for `{}`", typed.escape_debug(), entry.key);
        entry.wrong(findings, message, "use 1 to 64 letters, digits, `.`, `_` and `-`");
        return None;
    }
    Some(typed.to_owned())
}

/// The elements of an array; a lone string is shown in brackets by the hint.
pub(super) fn list<'a>(entry: &TypedEntry<'a>, findings: &mut Findings<'_>) -> Option<Vec<TypedEntry<'a>>> {
    let list = entry.as_list();
    if list.is_none() {
        let hint = entry.as_text().map(|text| format!("write `[\"{}\"]`", text.escape_debug())).unwrap_or_default();
        entry.wrong_kind(findings, "an array", &hint);
    }
    list
}

/// As `list`, where an empty array makes no sense.
pub(super) fn filled_list<'a>(
    entry: &TypedEntry<'a>,
    why_not: &str,
    findings: &mut Findings<'_>,
) -> Option<Vec<TypedEntry<'a>>> {
    let list = list(entry, findings)?;
    if list.is_empty() {
        entry.wrong(findings, format!("`{}` is empty", entry.key), why_not);
        return None;
    }
    Some(list)
}

/// A field name (RFC 9110 §5.1), spelled as those of requests: CGI does not tell `_` from `-`.
pub(super) fn header(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let name = text(entry, findings)?;
    let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        entry.wrong(findings, format!("`{}` is not a name of a header", name.escape_debug()), "");
        return None;
    }
    Some(name.to_ascii_lowercase().replace('_', "-"))
}
