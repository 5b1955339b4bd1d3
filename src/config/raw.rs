//! Pure. The typed document: tables and values, each with its place in the text.

use super::findings::{Findings, Span};
use super::keys::Table;
use super::mask;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// A document that is TOML, and nothing more is known of it.
pub(super) struct Raw<'i>(DeTable<'i>);

impl<'i> Raw<'i> {
    /// Parses `text`; what is no TOML becomes one finding.
    pub(super) fn parse(text: &'i str, findings: &mut Findings<'_>) -> Option<Self> {
        match DeTable::parse(text) {
            Ok(document) => {
                let table = document.into_inner();
                mask::table(&table, findings);
                Some(Self(table))
            }
            Err(error) => {
                let span = error.span().unwrap_or_default();
                mask::line(text, span.start, findings);
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

/// A table whose keys are to be those of `table`.
#[derive(Clone)]
pub(super) struct Section<'a> {
    pub(super) table: Table,
    /// Its header, or the whole inline table.
    pub(super) span: Span,
    entries: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    pub(super) fn get(&self, key: &str) -> Option<TypedEntry<'a>> {
        self.entries.get_key_value(key).map(|(key, value)| TypedEntry::new(key, value))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = TypedEntry<'a>> {
        self.entries.iter().map(|(key, value)| TypedEntry::new(key, value))
    }
}

/// A value, and the key that it was typed under.
#[derive(Clone)]
pub(super) struct TypedEntry<'a> {
    pub(super) key: &'a str,
    pub(super) key_span: Span,
    is_element: bool,
    value: &'a Spanned<DeValue<'a>>,
}

impl<'a> TypedEntry<'a> {
    fn new(key: &'a Spanned<DeString<'a>>, value: &'a Spanned<DeValue<'a>>) -> Self {
        Self { key: key.get_ref(), key_span: key.span(), is_element: false, value }
    }

    /// Its name in messages.
    pub(super) fn label(&self) -> String {
        format!("{}`{}`", if self.is_element { "an element of " } else { "" }, self.key.escape_debug())
    }

    /// Position of the value.
    pub(super) fn span(&self) -> Span {
        self.value.span()
    }

    /// Adds a problem with the value.
    pub(super) fn wrong(&self, findings: &mut Findings<'_>, message: impl Into<String>, hint: impl Into<String>) {
        findings.add(self.span(), message, hint);
    }

    /// Adds the problem that the value is no `wanted`.
    pub(super) fn wrong_kind(&self, findings: &mut Findings<'_>, wanted: &str, hint: &str) {
        self.wrong(findings, format!("{} must be {wanted}, not {}", self.label(), self.kind()), hint);
    }

    /// Type of the value, with its article.
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

    /// A string, or a date or time as TOML has them, as it would be typed.
    pub(super) fn as_text_or_date(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            _ => None,
        }
    }

    pub(super) fn as_integer(&self) -> Option<i64> {
        let integer = self.value.get_ref().as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        self.value.get_ref().as_bool()
    }

    /// The elements of an array; each goes by the array's key.
    pub(super) fn as_list(&self) -> Option<Vec<TypedEntry<'a>>> {
        let element = |value| TypedEntry { is_element: true, value, ..self.clone() };
        Some(self.value.get_ref().as_array()?.iter().map(element).collect())
    }

    pub(super) fn as_section(&self, table: Table) -> Option<Section<'a>> {
        Some(Section { table, span: self.span(), entries: self.value.get_ref().as_table()? })
    }
}
