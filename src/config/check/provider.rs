//! Pure. The provider, and the scheme by which the deliveries are verified.

use super::section::Layers;
use super::{signature, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::TypedEntry;
use crate::provider::{Authorization, CodingVersion, GenericScheme, GiteaAuthorization, Provider};

/// Keys that say something about the scheme of some providers only.
const KEYS: [&str; 7] =
    ["version", "signature", "authorization", "token_header", "allow_get", "payload", "delivery_header"];

/// The names of the providers that `key` is for.
pub(super) fn owners(key: &str) -> Vec<&'static str> {
    Provider::ALL.iter().filter(|provider| provider.settings().contains(&key)).map(Provider::name).collect()
}

const AUTHORIZATIONS: [(&str, Authorization); 3] =
    [("bearer", Authorization::Bearer), ("basic", Authorization::Basic), ("verbatim", Authorization::Verbatim)];

/// The ways to prove that one knows the secret, of which a hook has one.
const PROOFS: [&str; 3] = ["signature", "authorization", "token_header"];

/// `provider` with `version`, and one of `signature`, `authorization` and `token_header`.
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
            let hint = "add `signature = { header = \"X-Signature\", prefix = \"sha256=\" }`, \
                 `authorization = \"bearer\"` or `token_header = \"X-Token\"`";
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

/// The word of one of `PROOFS`.
enum Proof {
    Unsaid,
    Wrong,
    Said(GenericScheme),
}

/// The hook's own word goes before one from `[defaults]`.
fn proof(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Proof {
    let own: Vec<_> = PROOFS.into_iter().filter_map(|key| Some((key, layers.own.get(key)?))).collect();
    if let [(first, _), (second, entry), ..] = own.as_slice() {
        let message = format!("`{first}` and `{second}` exclude each other");
        findings.add(entry.key_span.clone(), message, "leave one of them out");
        return Proof::Wrong;
    }
    let default = || PROOFS.into_iter().find_map(|key| Some((key, layers.get(key)?)));
    let Some((key, entry)) = own.into_iter().next().or_else(default) else { return Proof::Unsaid };
    let scheme = match key {
        "signature" => signature::hmac_scheme(&entry, findings).map(GenericScheme::Hmac),
        "token_header" => value::header(&entry, findings).map(GenericScheme::Token),
        _ => value::word(&entry, &AUTHORIZATIONS, findings).map(GenericScheme::Authorization),
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
