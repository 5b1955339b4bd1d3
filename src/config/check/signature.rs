//! Pure. The signature of a sender of provider `generic`.

use super::{section, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::quantity;
use crate::config::raw::{Section, TypedEntry};
use crate::provider::{Algorithm, Encoding, HmacScheme, SignedParts, TimePlace, TimeScheme};

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 3] =
    [("hex", Encoding::Hex), ("base64", Encoding::Base64), ("base64url", Encoding::Base64Url)];

/// The scheme that `signature` describes.
pub(super) fn hmac_scheme(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<HmacScheme> {
    let table = section::open(entry, Table::Signature, findings)?;
    let header = table.get("header").and_then(|entry| value::header(&entry, findings));
    let algorithm = word_or_default(&table, "algorithm", &ALGORITHMS, findings);
    let encoding = word_or_default(&table, "encoding", &ENCODINGS, findings);
    let prefix = table.get("prefix").map_or(Some(String::new()), |entry| prefix(&entry, findings));
    let time = time_scheme(&table, findings)?;
    Some(HmacScheme { header: header?, algorithm: algorithm?, encoding: encoding?, prefix: prefix?, time })
}

/// The place of the signed time, if there is one; `None` if what is said of it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn time_place(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<Option<TimePlace>> {
    match (table.get("time_header"), table.get("time_prefix")) {
        (Some(_), Some(entry)) => {
            findings.add(entry.key_span, "`time_header` and `time_prefix` exclude each other", "leave one of them out");
            None
        }
        (Some(entry), None) => value::header(&entry, findings).map(|name| Some(TimePlace::Header(name))),
        (None, Some(entry)) => prefix(&entry, findings).map(|text| Some(TimePlace::Prefix(text))),
        (None, None) => {
            let Some(entry) = ["signed", "tolerance"].into_iter().find_map(|key| table.get(key)) else {
                return Some(None);
            };
            let message = format!("`{}` is of use only with a time", entry.key);
            findings.add(entry.key_span, message, "add `time_header` or `time_prefix`");
            None
        }
    }
}

/// The signed time, if there is one; `None` if what is said of it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn time_scheme(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<Option<TimeScheme>> {
    let signed = match table.get("signed") {
        Some(entry) => signed_parts(&entry, findings),
        None => SignedParts::parse(default_of(Table::Signature, "signed")),
    };
    let tolerance = match table.get("tolerance") {
        Some(entry) => value::duration(&entry, ["1s", "1d"], findings),
        None => quantity::duration(default_of(Table::Signature, "tolerance")),
    };
    let (signed, tolerance) = (signed?, tolerance?);
    let place = time_place(table, findings)?;
    Some(place.map(|place| TimeScheme { place, signed, tolerance }))
}

fn signed_parts(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SignedParts> {
    let parts = SignedParts::parse(value::text(entry, findings)?);
    if parts.is_none() {
        entry.wrong(findings, "`signed` must hold `{body}` once, and `{time}`", "write it as `{time}.{body}`");
    }
    parts
}

fn word_or_default<T: Copy>(
    table: &Section<'_>,
    key: &str,
    words: &[(&str, T)],
    findings: &mut Findings<'_>,
) -> Option<T> {
    let default = default_of(table.table, key);
    match table.get(key) {
        Some(entry) => value::word(&entry, words, findings),
        None => words.iter().find(|(word, _)| *word == default).map(|(_, value)| *value),
    }
}

fn prefix(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let prefix = value::any_text(entry, findings)?;
    if prefix.len() > 64 || !prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        entry.wrong(findings, "`prefix` must be at most 64 printable ASCII characters", "");
        return None;
    }
    Some(prefix.to_owned())
}
