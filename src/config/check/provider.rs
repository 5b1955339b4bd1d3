//! Pure. Who sends, and by which scheme the deliveries are verified.

use super::section::{self, Layers};
use super::value;
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::raw::{Entry, Section};
use crate::provider::{Algorithm, CodingVersion, Encoding, GenericScheme, Provider};

/// Providers without settings of their own.
const PLAIN: [(&str, Provider); 6] = [
    ("github", Provider::Github),
    ("gitea", Provider::Gitea),
    ("forgejo", Provider::Forgejo),
    ("gogs", Provider::Gogs),
    ("gitlab", Provider::Gitlab),
    ("gitee", Provider::Gitee),
];

/// Contract providers that this version does not verify.
const NOT_YET: [&str; 14] = [
    "bitbucket",
    "bitbucket-server",
    "azure-devops",
    "sourcehut",
    "pagure",
    "gitcode",
    "codeup",
    "tencent-git",
    "codearts",
    "docker-hub",
    "harbor",
    "standard-webhooks",
    "stripe",
    "slack",
];

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 2] = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];

/// `provider` with `version` and `signature`.
pub(super) fn provider(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Provider> {
    let version = coding_version(layers, findings);
    let signature = layers.get("signature").map(|entry| generic_scheme(&entry, findings));
    let entry = layers.get("provider")?;
    let word = value::text(&entry, findings)?;
    foreign_keys(layers, word, findings);
    match word {
        "coding" => version.map(Provider::Coding),
        "generic" if signature.is_none() && layers.own.table == Table::Hook => {
            let hint = "add `signature = { header = \"X-Signature\", prefix = \"sha256=\" }`";
            entry.wrong(findings, "provider `generic` needs a `signature`", hint);
            None
        }
        "generic" => signature?.map(Provider::Generic),
        _ => plain(&entry, word, findings),
    }
}

fn plain(entry: &Entry<'_>, word: &str, findings: &mut Findings<'_>) -> Option<Provider> {
    let found = PLAIN.iter().find(|(name, _)| *name == word).map(|(_, provider)| provider.clone());
    let names: Vec<_> = PLAIN.iter().map(|(name, _)| *name).chain(["coding", "generic"]).collect();
    if NOT_YET.contains(&word) {
        let hint = format!("known: `{}`", names.join("`, `"));
        entry.wrong(findings, format!("provider `{word}` does not work in this version yet"), hint);
    } else if found.is_none() {
        value::unknown_word(entry, word, &names, findings);
    }
    found
}

/// Reports what a hook says about the scheme of another provider. In `[defaults]` it may wait for a hook to fit.
fn foreign_keys(layers: &Layers<'_>, provider: &str, findings: &mut Findings<'_>) {
    for (key, owner) in [("version", "coding"), ("signature", "generic")] {
        let typed = layers.own.get(key).filter(|_| provider != owner && layers.own.table == Table::Hook);
        if let Some(entry) = typed {
            let message = format!("`{key}` is for provider `{owner}` only");
            findings.add(entry.key_span, message, "leave it out");
        }
    }
}

fn coding_version(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<CodingVersion> {
    let Some(entry) = layers.get("version") else { return Some(CodingVersion::V2) };
    let version = match entry.as_integer() {
        Some(1) => Some(CodingVersion::V1),
        Some(2) => Some(CodingVersion::V2),
        _ => None,
    };
    if version.is_none() {
        entry.wrong(findings, "`version` must be 1 or 2", "2 is signed, 1 has its token in the body");
    }
    version
}

fn generic_scheme(entry: &Entry<'_>, findings: &mut Findings<'_>) -> Option<GenericScheme> {
    let table = section::open(entry, Table::Signature, findings)?;
    let header = table.get("header").and_then(|entry| header(&entry, findings));
    let algorithm = word_or_default(&table, "algorithm", &ALGORITHMS, findings);
    let encoding = word_or_default(&table, "encoding", &ENCODINGS, findings);
    let prefix = table.get("prefix").map_or(Some(String::new()), |entry| prefix(&entry, findings));
    Some(GenericScheme { header: header?, algorithm: algorithm?, encoding: encoding?, prefix: prefix? })
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

/// A field name (RFC 9110 §5.1), in lower case.
fn header(entry: &Entry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let name = value::text(entry, findings)?;
    let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        entry.wrong(findings, format!("`{}` is not a name of a header", name.escape_debug()), "");
        return None;
    }
    Some(name.to_ascii_lowercase())
}

fn prefix(entry: &Entry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let prefix = value::any_text(entry, findings)?;
    if prefix.len() > 64 || !prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        entry.wrong(findings, "`prefix` must be at most 64 printable ASCII characters", "");
        return None;
    }
    Some(prefix.to_owned())
}
