//! Pure. Masks over an excerpt: a person may have typed a secret where none belongs.

use super::excerpt::line_around;
use super::findings::Findings;
use crate::model::without_credentials;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Masks, at any depth, the strings whose key announces a secret, below such a key all that are no paths, and URLs with
/// a password.
pub(super) fn table(table: &DeTable<'_>, findings: &mut Findings<'_>) {
    entries(table, false, findings);
}

fn entries(table: &DeTable<'_>, in_secret: bool, findings: &mut Findings<'_>) {
    for (key, value) in table {
        under(key.get_ref(), value, in_secret, findings);
    }
}

fn under(key: &str, value: &Spanned<DeValue<'_>>, in_secret: bool, findings: &mut Findings<'_>) {
    // The URL of most services is a secret.
    let announced = announces_a_secret(key) || ["url", "sign"].contains(&key);
    match value.get_ref() {
        DeValue::Table(inner) => entries(inner, in_secret || announced, findings),
        DeValue::Array(elements) => elements.iter().for_each(|element| under(key, element, in_secret, findings)),
        DeValue::String(text) if announced || (in_secret && !text.starts_with('/')) || has_credentials(text) => {
            findings.mask(value.span());
        }
        _ => {}
    }
}

/// Masks, where nothing could be parsed, a value whose key announces a secret; the key may stand
/// on an earlier line, where the value goes on over several.
pub(super) fn line(text: &str, at: usize, findings: &mut Findings<'_>) {
    let line = line_around(text, at);
    let mut first = line.clone();
    while value_offset(&text[first.clone()]).is_none() && text[..first.start].ends_with('\n') {
        first = line_around(text, first.start - 1);
    }
    let said = &text[first.start..line.end];
    if announces_a_secret(said) || has_credentials(said) || is_of_target(said) {
        let value = first.start + value_offset(&text[first]).unwrap_or_default();
        findings.mask(value.max(line.start)..line.end);
    }
}

/// Offset of the value, if the line begins with a bare key.
fn value_offset(line: &str) -> Option<usize> {
    let equals = line.find('=')?;
    let is_bare = line[..equals].bytes().all(|b| b.is_ascii_alphanumeric() || b"_-. \t".contains(&b));
    let value = &line[equals + 1..];
    is_bare.then(|| line.len() - value.trim_start().len())
}

/// `true` for a line that sets `url` or `sign` of a target.
fn is_of_target(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default().trim();
    ["url", "sign"].contains(&key)
}

/// `true` for a URL with credentials.
fn has_credentials(text: &str) -> bool {
    without_credentials(text) != text
}

/// `true` if a secret may follow these words.
pub(super) fn announces_a_secret(words: &str) -> bool {
    let words = words.to_lowercase();
    ["secret", "secert", "token", "pass", "key", "value"].iter().any(|word| words.contains(word))
}
