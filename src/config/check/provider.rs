//! Pure. The provider, and the scheme by which the deliveries are verified.

use super::section::{self, Layers};
use super::value;
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::raw::{Section, TypedEntry};
use crate::provider::{
    Algorithm, Authorization, CodingVersion, Encoding, GenericScheme, GiteaAuthorization, HmacScheme, Provider,
};

/// Keys that say something about the scheme of some providers only.
const KEYS: [&str; 6] = ["version", "signature", "authorization", "allow_get", "payload", "delivery_header"];

/// The names of the providers that `key` is for.
pub(super) fn owners(key: &str) -> Vec<&'static str> {
    Provider::ALL.iter().filter(|provider| provider.settings().contains(&key)).map(Provider::name).collect()
}

const AUTHORIZATIONS: [(&str, Authorization); 3] =
    [("bearer", Authorization::Bearer), ("basic", Authorization::Basic), ("verbatim", Authorization::Verbatim)];

const ALGORITHMS: [(&str, Algorithm); 3] =
    [("sha1", Algorithm::Sha1), ("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: [(&str, Encoding); 2] = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];

/// `provider` with `version`, `signature` and `authorization`.
pub(super) fn provider(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Provider> {
    let version = coding_version(layers, findings);
    let proof = proof(layers, findings);
    let entry = layers.get("provider")?;
    let word = value::text(&entry, findings)?;
    foreign_keys(layers, word, findings);
    match (word, proof) {
        ("coding", _) => version.map(Provider::Coding),
        // In `[defaults]` a hook may yet say how.
        ("generic", Proof::Unsaid) if layers.own.table == Table::Hook => {
            let hint =
                "add `signature = { header = \"X-Signature\", prefix = \"sha256=\" }`, or `authorization = \"bearer\"`";
            entry.wrong(findings, "provider `generic` needs a `signature`", hint);
            None
        }
        ("generic", Proof::Said(scheme)) => Some(Provider::Generic(scheme)),
        ("gitea" | "forgejo", Proof::Said(GenericScheme::Authorization(scheme))) => {
            Some(Provider::GiteaAuthorization(GiteaAuthorization { forgejo: word == "forgejo", scheme }))
        }
        ("generic" | "gitea" | "forgejo", Proof::Wrong) => None,
        _ => plain(&entry, word, findings),
    }
}

/// The word of `signature` or `authorization`, of which a hook can have one.
enum Proof {
    Unsaid,
    Wrong,
    Said(GenericScheme),
}

/// The hook's own word goes before one from `[defaults]`.
fn proof(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Proof {
    let own = |key: &str| layers.own.get(key);
    if let (Some(_), Some(entry)) = (own("signature"), own("authorization")) {
        findings.add(entry.key_span, "`signature` and `authorization` exclude each other", "leave one of them out");
        return Proof::Wrong;
    }
    let own_first = |key: &str, other: &str| own(key).or_else(|| layers.get(key).filter(|_| own(other).is_none()));
    let scheme = if let Some(entry) = own_first("authorization", "signature") {
        value::word(&entry, &AUTHORIZATIONS, findings).map(GenericScheme::Authorization)
    } else if let Some(entry) = own_first("signature", "authorization") {
        hmac_scheme(&entry, findings).map(GenericScheme::Hmac)
    } else {
        return Proof::Unsaid;
    };
    scheme.map_or(Proof::Wrong, Proof::Said)
}

/// `allow_get`. From `[defaults]` it reaches only those whom it is for.
pub(super) fn allow_get(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<bool> {
    let Some(entry) = layers.get("allow_get") else { return Some(false) };
    let provider = layers.get("provider").and_then(|entry| entry.as_text());
    let is_for = provider.is_some_and(|name| owners("allow_get").contains(&name));
    Some(value::boolean(&entry, findings)? && is_for)
}

fn plain(entry: &TypedEntry<'_>, word: &str, findings: &mut Findings<'_>) -> Option<Provider> {
    let found = Provider::named(word).cloned();
    if found.is_none() {
        value::unknown_word(entry, word, &Provider::NAMES, findings);
    }
    found
}

/// Reports what a hook says about the scheme of another provider. In `[defaults]` it may wait for a hook to fit.
fn foreign_keys(layers: &Layers<'_>, provider: &str, findings: &mut Findings<'_>) {
    for (key, owners) in KEYS.map(|key| (key, owners(key))) {
        let typed = layers.own.get(key).filter(|_| !owners.contains(&provider) && layers.own.table == Table::Hook);
        if let Some(entry) = typed {
            let message = format!("`{key}` is for provider `{}` only", owners.join("`, `"));
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

fn hmac_scheme(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<HmacScheme> {
    let table = section::open(entry, Table::Signature, findings)?;
    let header = table.get("header").and_then(|entry| header(&entry, findings));
    let algorithm = word_or_default(&table, "algorithm", &ALGORITHMS, findings);
    let encoding = word_or_default(&table, "encoding", &ENCODINGS, findings);
    let prefix = table.get("prefix").map_or(Some(String::new()), |entry| prefix(&entry, findings));
    Some(HmacScheme { header: header?, algorithm: algorithm?, encoding: encoding?, prefix: prefix? })
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

/// A field name (RFC 9110 §5.1), spelled as those of requests: CGI does not tell `_` from `-`.
pub(super) fn header(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let name = value::text(entry, findings)?;
    let is_token = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        entry.wrong(findings, format!("`{}` is not a name of a header", name.escape_debug()), "");
        return None;
    }
    Some(name.to_ascii_lowercase().replace('_', "-"))
}

fn prefix(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let prefix = value::any_text(entry, findings)?;
    if prefix.len() > 64 || !prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        entry.wrong(findings, "`prefix` must be at most 64 printable ASCII characters", "");
        return None;
    }
    Some(prefix.to_owned())
}
