//! Pure. Check that a table holds the keys that it may and must hold.

use crate::config::findings::Findings;
use crate::config::keys::{KEYS, Key, REQUIRED, Table, keys_of};
use crate::config::mask::announces_a_secret;
use crate::config::nearest::nearest;
use crate::config::raw::{Section, TypedEntry};

/// Hint for a secret in the configuration.
pub(super) const SECRET_ADVICE: &str = "put it into a file: `secret = { file = \"/etc/hookspool/secrets/name\" }`";

/// Most keys that a hint lists.
const LISTED_KEYS: usize = 9;

/// A hook over the defaults.
pub(super) struct Layers<'a> {
    pub(super) own: Section<'a>,
    pub(super) defaults: Option<Section<'a>>,
}

impl<'a> Layers<'a> {
    /// The hook's value, or else the default.
    pub(super) fn get(&self, key: &str) -> Option<TypedEntry<'a>> {
        self.own.get(key).or_else(|| self.defaults.as_ref()?.get(key))
    }

    /// Reports what neither of them says, but for what may be `left_out`.
    pub(super) fn required_keys(&self, left_out: &[&str], findings: &mut Findings<'_>) {
        let has_place = self.own.get("releases").is_some();
        let may_be_left_out = |key: &Key| left_out.contains(&key.name) || (key.name == "dir" && has_place);
        let is_needed = |key: &&Key| self.get(key.name).is_none() && !may_be_left_out(key);
        for key in required(Table::Hook).filter(is_needed) {
            missing(&self.own, key, findings);
        }
    }
}

/// The table that `entry` holds, its keys checked.
pub(super) fn open<'a>(entry: &TypedEntry<'a>, table: Table, findings: &mut Findings<'_>) -> Option<Section<'a>> {
    let section = open_element(entry, table, findings)?;
    required_keys(&section, findings);
    Some(section)
}

/// As `open`, where the required keys may come from elsewhere.
pub(super) fn open_element<'a>(
    entry: &TypedEntry<'a>,
    table: Table,
    findings: &mut Findings<'_>,
) -> Option<Section<'a>> {
    let Some(section) = entry.as_section(table) else {
        entry.wrong_kind(findings, "a table", "");
        return None;
    };
    known_keys(&section, findings);
    Some(section)
}

/// Reports the keys of a table that must be there and are not.
pub(super) fn required_keys(section: &Section<'_>, findings: &mut Findings<'_>) {
    for key in required(section.table).filter(|key| section.get(key.name).is_none()) {
        missing(section, key, findings);
    }
}

/// `[defaults]` requires nothing.
fn required(table: Table) -> impl Iterator<Item = &'static Key> {
    keys_of(table).filter(move |key| key.default == REQUIRED && table != Table::Defaults)
}

fn missing(section: &Section<'_>, key: &Key, findings: &mut Findings<'_>) {
    let (message, hint) = if key.name == "secret" {
        ("a hook without a secret would run for anybody".to_owned(), SECRET_ADVICE.to_owned())
    } else {
        (format!("`{}` is missing", key.name), format!("add `{} = …`: {}", key.name, key.meaning))
    };
    findings.add(section.span.clone(), message, hint);
}

/// Reports the keys of a table that may not be there.
pub(super) fn known_keys(section: &Section<'_>, findings: &mut Findings<'_>) {
    let known = |entry: &TypedEntry<'_>| keys_of(section.table).any(|key| key.name == entry.key);
    for entry in section.entries().filter(|entry| !known(entry)) {
        unknown_key(section, &entry, findings);
    }
}

fn unknown_key(section: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) {
    let name = entry.key;
    if may_be_a_secret(section, entry) {
        findings.mask(entry.span());
    }
    let (message, hint) = if is_literal_secret(section, name) {
        ("a secret cannot stand in the configuration".to_owned(), SECRET_ADVICE.to_owned())
    } else {
        (format!("unknown key `{}`", name.escape_debug()), meant(section.table, name))
    };
    findings.add(entry.key_span.clone(), message, hint);
}

/// Nobody knows what a key holds that is known nowhere.
fn may_be_a_secret(section: &Section<'_>, entry: &TypedEntry<'_>) -> bool {
    let misplaced = KEYS.iter().any(|key| key.name == entry.key && key.table != Table::Secret);
    section.table == Table::Secret || (entry.as_text().is_some() && !misplaced)
}

fn is_literal_secret(section: &Section<'_>, name: &str) -> bool {
    section.table == Table::Secret && name == "value"
}

/// Suggestion for the unknown key `name`.
fn meant(table: Table, name: &str) -> String {
    let names: Vec<_> = keys_of(table).map(|key| key.name).collect();
    if table == Table::Hook && announces_a_secret(name) {
        "did you mean `secret`?".to_owned()
    } else if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        format!("`{name}` belongs in {}", key.table.title())
    } else if let Some(near) = nearest(name, names.iter().copied()) {
        format!("did you mean `{near}`?")
    } else if names.len() <= LISTED_KEYS {
        format!("{} may hold `{}`", table.title(), names.join("`, `"))
    } else {
        String::new()
    }
}
