//! Pure. `[relay]`, and which hosts a hook sends its jobs to or takes them from.

use super::section::{self, Layers};
use super::{secret, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::quantity;
use crate::config::raw::{Section, TypedEntry};
use crate::config::relay::{PayloadRule, RelaySettings};
use crate::config::settings::SecretSource;
use crate::model::{OriginKey, is_host};
use std::collections::{BTreeMap, BTreeSet};

/// Bounds of `window`: each host's jobs must find room in the stream.
const WINDOWS: std::ops::RangeInclusive<i64> = 1..=1024;
/// Bounds of `keep`.
const KEEP_LIMITS: [&str; 2] = ["1m", "365d"];
const PAYLOAD_RULES: [(&str, PayloadRule); 3] =
    [("fits", PayloadRule::Fits), ("always", PayloadRule::Always), ("never", PayloadRule::Never)];
/// Keys of a hook that are judged when a delivery arrives, so that they say nothing where a job arrives.
const OF_DELIVERIES: [&str; 6] = ["provider", "secret", "path", "paths", "skip", "match"];

/// `[relay]`; the outer `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
pub(super) fn relay(top: &Section<'_>, findings: &mut Findings<'_>) -> Option<Option<RelaySettings>> {
    let Some(entry) = top.get("relay") else { return Some(None) };
    if !cfg!(feature = "relay") {
        findings.add(entry.key_span, "this hookspool was built without its relay", "build it with `--features relay`");
        return None;
    }
    settings(&entry, findings).map(Some)
}

fn settings(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<RelaySettings> {
    let table = section::open(entry, Table::Relay, findings)?;
    let name = table.get("name").and_then(|entry| host(&entry, findings));
    let servers = table.get("servers").and_then(|entry| servers(&entry, findings));
    let [credentials, sign] = ["credentials", "sign"]
        .map(|key| table.get(key).map_or(Some(None), |entry| source(&entry, findings).map(Some)));
    let ca = table.get("ca").map_or(Some(None), |entry| value::absolute_path(&entry, findings).map(Some));
    let [stream, prefix] = ["stream", "prefix"].map(|key| match table.get(key) {
        Some(entry) => word(&entry, findings),
        None => Some(default_of(Table::Relay, key).to_owned()),
    });
    let trust = table.get("trust").map_or(Some(BTreeMap::new()), |entry| trust(&entry, findings));
    let window = match table.get("window") {
        Some(entry) => value::integer(&entry, WINDOWS, findings),
        None => default_of(Table::Relay, "window").parse().ok(),
    };
    let keep = match table.get("keep") {
        Some(entry) => value::duration(&entry, KEEP_LIMITS, findings),
        None => quantity::duration(default_of(Table::Relay, "keep")),
    };
    let payload = match table.get("payload") {
        Some(entry) => value::word(&entry, &PAYLOAD_RULES, findings),
        None => Some(PayloadRule::Fits),
    };
    Some(RelaySettings {
        name: name?,
        servers: servers?,
        credentials: credentials?,
        ca: ca?,
        stream: stream?,
        prefix: prefix?,
        sign: sign?,
        trust: trust?,
        window: usize::try_from(window?).ok()?,
        keep: keep?,
        payload: payload?,
    })
}

/// A file or a credential. A variable would reach the jobs' steps' parent, and so `ps e` of its user.
fn source(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let Some(table) = entry.as_section(Table::Secret) else {
        findings.mask(entry.span());
        let hint = format!("write `{} = {{ file = \"/etc/hookspool/{}\" }}`", entry.key, "relay.key");
        entry.wrong(findings, "a key cannot stand in the configuration", hint);
        return None;
    };
    secret::of_key(&table, entry.key, findings)
}

/// The name of a host, which becomes a part of subjects and of file names.
fn host(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    if !is_host(typed) {
        let message = format!("`{}` is no name of a host", typed.escape_debug());
        entry.wrong(findings, message, "use 1 to 32 lower-case letters, digits and `-`");
        return None;
    }
    Some(typed.to_owned())
}

/// A word of a subject.
fn word(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if typed.len() > 64 || !typed.bytes().all(is_plain) {
        let message = format!("`{}` cannot be a `{}`", typed.escape_debug(), entry.key);
        entry.wrong(findings, message, "use 1 to 64 letters, digits, `_` and `-`");
        return None;
    }
    Some(typed.to_owned())
}

fn servers(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let list = value::filled_list(entry, "name a NATS server: `[\"tls://nats.example.org:4222\"]`", findings)?;
    let servers: Vec<_> = list.iter().map(|element| server(element, findings)).collect();
    servers.into_iter().collect()
}

/// Payloads and receipts cross the net: in the clear only to this machine itself.
fn server(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let parts = typed.split_once("://").filter(|(_, rest)| is_address(rest));
    let (message, hint) = match parts {
        Some(("tls", _)) => return Some(typed.to_owned()),
        Some(("nats", rest)) if is_loopback(rest) => return Some(typed.to_owned()),
        Some(("nats", _)) => ("everybody on the way could read the jobs", "write `tls://` instead of `nats://`"),
        _ => ("this is no address of a NATS server", "write `tls://host:4222`, without user and password"),
    };
    findings.mask(entry.span());
    entry.wrong(findings, message, hint);
    None
}

fn is_address(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain)
}

fn is_loopback(address: &str) -> bool {
    let host = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or_else(|| address.split_once(':').map_or(address, |(host, _)| host), |(host, _)| host);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The origins, each with its public key.
fn trust(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<BTreeMap<String, OriginKey>> {
    let Some(table) = entry.as_section(Table::Trust) else {
        entry.wrong_kind(findings, "a table", "as in `trust = { gate = \"ed25519:…\" }`");
        return None;
    };
    let keys: Vec<_> = table.entries().map(|origin| one_key(&origin, findings)).collect();
    keys.into_iter().collect()
}

fn one_key(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<(String, OriginKey)> {
    if !is_host(entry.key) {
        let message = format!("`{}` is no name of a host", entry.key.escape_debug());
        findings.add(entry.key_span.clone(), message, "use 1 to 32 lower-case letters, digits and `-`");
        return None;
    }
    let key = value::text(entry, findings)?.parse();
    if key.is_err() {
        let hint = "`hookspool relay key` prints it on the host that signs: `ed25519:` and 44 characters";
        entry.wrong(findings, format!("{} is no public key", entry.label()), hint);
    }
    Some((entry.key.to_owned(), key.ok()?))
}

/// The hosts that a hook names under `key`; none where it names none.
pub(super) fn hosts(layers: &Layers<'_>, key: &str, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let Some(entry) = layers.own.get(key) else { return Some(Vec::new()) };
    let list = value::filled_list(&entry, "leave it out, or name a host", findings)?;
    let mut seen = BTreeSet::new();
    let mut hosts = Vec::new();
    for element in &list {
        let name = host(element, findings)?;
        if !seen.insert(name.clone()) {
            element.wrong(findings, format!("`{name}` stands twice in `{key}`"), "");
        }
        hosts.push(name);
    }
    Some(hosts)
}

/// Reports what a hook says that takes its jobs from other hosts, and that only a delivery could answer.
pub(super) fn of_relayed(layers: &Layers<'_>, findings: &mut Findings<'_>) {
    for entry in OF_DELIVERIES.iter().filter_map(|key| layers.own.get(key)) {
        let message = format!("`from` and `{}` exclude each other", entry.key);
        findings.add(entry.key_span, message, "deliveries are judged on the host that receives them");
    }
    if let Some(entry) = layers.own.get("hosts") {
        findings.add(entry.key_span, "`from` and `hosts` exclude each other", "a job is passed on once only");
    }
}

/// Reports the names that a hook uses and `[relay]` does not know.
pub(super) fn known(layers: &[Layers<'_>], relay: Option<&RelaySettings>, findings: &mut Findings<'_>) {
    for layers in layers {
        let typed = ["hosts", "from"].map(|key| layers.own.get(key));
        let Some(relay) = relay else {
            for entry in typed.into_iter().flatten() {
                findings.add(entry.key_span, format!("`{}` needs `[relay]`", entry.key), "add it: `hookspool.toml`(5)");
            }
            continue;
        };
        let [hosts, from] = typed;
        sends(hosts.as_ref(), relay, findings);
        trusts(from.as_ref(), relay, findings);
    }
}

fn sends(hosts: Option<&TypedEntry<'_>>, relay: &RelaySettings, findings: &mut Findings<'_>) {
    let Some(list) = hosts.and_then(TypedEntry::as_list) else { return };
    let is_other = |element: &TypedEntry<'_>| element.as_text().is_some_and(|name| name != relay.name);
    if relay.sign.is_none()
        && let Some(entry) = list.iter().find(|element| is_other(element))
    {
        let hint = "add `sign = { file = \"/etc/hookspool/relay.key\" }` to `[relay]`; `hookspool relay key` makes it";
        entry.wrong(findings, "jobs are sent signed, and there is no key", hint);
    }
}

fn trusts(from: Option<&TypedEntry<'_>>, relay: &RelaySettings, findings: &mut Findings<'_>) {
    for element in from.and_then(TypedEntry::as_list).unwrap_or_default() {
        let Some(name) = element.as_text().filter(|name| !relay.trust.contains_key(*name)) else { continue };
        let message = format!("the key of `{}` is unknown", name.escape_debug());
        element.wrong(findings, message, "add it to `trust` of `[relay]`");
    }
}
