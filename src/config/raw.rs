//! Pure. What was typed: tables and values, each with its place in the text.

use super::findings::{Findings, Span};
use super::keys::Table;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A document that is TOML, and nothing more is known of it.
pub(super) struct Raw<'i>(DeTable<'i>);

impl<'i> Raw<'i> {
    /// Parses `text`; what is no TOML becomes one finding.
    pub(super) fn parse(text: &'i str, findings: &mut Findings<'_>) -> Option<Self> {
        match DeTable::parse(text) {
            Ok(document) => Some(Self(document.into_inner())),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                mask_line(text, span.start, findings);
                findings.add(span, format!("not TOML: {}", error.message()), "");
                None
            }
        }
    }

    /// The top level.
    pub(super) fn top(&self) -> Section<'_> {
        Section { table: Table::Top, span: 0..0, entries: &self.0 }
    }
}

/// Where nothing could be parsed, the value beside a word that announces a secret is kept out of the report.
fn mask_line(text: &str, at: usize, findings: &mut Findings<'_>) {
    let at = (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = &text[start..end];
    if let Some(equals) = line.find('=').filter(|_| announces_a_secret(line)) {
        let blanks = line[equals + 1..].len() - line[equals + 1..].trim_start().len();
        findings.mask(start + equals + 1 + blanks..end);
    }
}

/// Whether what follows this word may be a secret.
pub(super) fn announces_a_secret(words: &str) -> bool {
    let words = words.to_lowercase();
    ["secret", "secert", "token", "pass", "key", "value"].iter().any(|word| words.contains(word))
}

/// A table whose keys are to be those of `table`.
#[derive(Clone)]
pub(super) struct Section<'a> {
    pub(super) table: Table,
    /// Its header, or the whole inline table.
    pub(super) span: Span,
    entries: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    pub(super) fn get(&self, key: &str) -> Option<Entry<'a>> {
        self.entries.get_key_value(key).map(|(key, value)| Entry { key: key.get_ref(), key_span: key.span(), value })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.iter().map(|(key, value)| Entry { key: key.get_ref(), key_span: key.span(), value })
    }
}

/// A value, and the key that it was typed under.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) key_span: Span,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Entry<'a> {
    /// Where the value stands.
    pub(super) fn span(&self) -> Span {
        self.value.span()
    }

    /// Adds a problem with the value.
    pub(super) fn wrong(&self, findings: &mut Findings<'_>, message: impl Into<String>, hint: impl Into<String>) {
        findings.add(self.span(), message, hint);
    }

    /// Adds the problem that the value is no `wanted`.
    pub(super) fn wrong_kind(&self, findings: &mut Findings<'_>, wanted: &str, hint: &str) {
        self.wrong(findings, format!("`{}` must be {wanted}, not {}", self.key, self.kind()), hint);
    }

    /// What was typed, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        }
    }

    pub(super) fn as_text(&self) -> Option<&'a str> {
        self.value.get_ref().as_str()
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        let integer = self.value.get_ref().as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        self.value.get_ref().as_bool()
    }

    /// The elements of an array; each goes by the array's key.
    pub(super) fn as_list(&self) -> Option<Vec<Entry<'a>>> {
        let element = |value| Entry { key: self.key, key_span: self.key_span.clone(), value };
        Some(self.value.get_ref().as_array()?.iter().map(element).collect())
    }

    pub(super) fn as_section(&self, table: Table) -> Option<Section<'a>> {
        Some(Section { table, span: self.span(), entries: self.value.get_ref().as_table()? })
    }
}
