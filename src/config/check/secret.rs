//! Pure. Sources of secrets. Whatever is wrong here is kept out of the report's excerpts: it may be a secret.

use super::section::SECRET_ADVICE;
use super::{section, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{HookSecret, SecretSource};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// `secret`: one source, or several while a secret is rotated.
pub(super) fn sources(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<HookSecret>> {
    let Some(list) = entry.as_list() else { return Some(vec![secret(entry, findings)?]) };
    if list.is_empty() {
        entry.wrong(findings, "a hook without a secret would run for anybody", SECRET_ADVICE);
        return None;
    }
    let sources: Vec<_> = list.iter().map(|element| secret(element, findings)).collect();
    sources.into_iter().collect()
}

fn secret(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<HookSecret> {
    let Some(table) = entry.as_section(Table::Secret) else {
        entry.wrong(findings, "a secret cannot stand in the configuration", SECRET_ADVICE);
        return None;
    };
    section::known_keys(&table, findings);
    let expires = table.get("expires").map(|entry| moment(&entry, findings));
    let source = source(&table, findings);
    Some(HookSecret { source: source?, expires: expires.map_or(Some(None), |moment| moment.map(Some))? })
}

/// The end of a day (UTC), or a moment; in quotes or without.
fn moment(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Timestamp> {
    let typed = entry.as_text_or_date().unwrap_or_default();
    let end_of = |day: Date| day.checked_add(1.day()).ok()?.to_zoned(TimeZone::UTC).ok();
    let day = typed.parse::<Date>().ok().filter(|_| typed.len() == "2026-12-31".len()).and_then(end_of);
    let moment = day.map(|day| day.timestamp()).or_else(|| typed.parse().ok());
    if moment.is_none() {
        entry.wrong(
            findings,
            "`expires` must be a date",
            "as in `expires = \"2026-12-31\"`, the last day (UTC) on which it counts",
        );
    }
    moment
}

fn source(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    match typed(table, &ANY).as_slice() {
        [(entry, read)] => masked_unless_right(entry, *read, findings),
        [] if table.entries().any(|entry| entry.key != "expires") => None,
        _ => not_one(table, findings),
    }
}

/// The one source of a variable's value, which is no secret of the hook's: nothing expires, and a variable of the
/// runner's own does not come through.
pub(super) fn of_variable(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let message = "the value of a variable must be a string, or have `file` or `credential`";
    let hint = "as in `{ file = \"/etc/hookspool/secrets/npm-token\" }`";
    the_only(table, &OF_RUNNER, (message, hint), findings)
}

/// The one source of a secret of a target or a forge: a file, a variable or a credential. Nothing expires there.
pub(super) fn of_target(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let hint = format!("as in `{} = {{ file = \"/etc/hookspool/secrets/ops\" }}`", entry.key.escape_debug());
    let Some(table) = entry.as_section(Table::Secret) else {
        findings.mask(entry.span());
        entry.wrong(findings, "a secret cannot stand in the configuration", hint);
        return None;
    };
    section::known_keys(&table, findings);
    let message = format!("`{}` must have exactly one of `file`, `env` and `credential`", entry.key);
    the_only(&table, &ANY, (&message, &hint), findings)
}

/// The one source of the key that stands under `name`.
pub(super) fn of_key(table: &Section<'_>, name: &str, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let message = format!("`{name}` must have exactly one of `file` and `credential`");
    the_only(table, &OF_RUNNER, (&message, "as in `{ file = \"/etc/hookspool/relay.key\" }`"), findings)
}

/// The one source in a table that has nothing else.
fn the_only(
    table: &Section<'_>,
    sources: &[(&str, SourceReader)],
    (message, hint): (&str, &str),
    findings: &mut Findings<'_>,
) -> Option<SecretSource> {
    match typed(table, sources).as_slice() {
        [(entry, read)] if table.entries().count() == 1 => masked_unless_right(entry, *read, findings),
        _ => {
            table.entries().for_each(|entry| findings.mask(entry.span()));
            findings.add(table.span.clone(), message, hint);
            None
        }
    }
}

/// The places where a secret may be.
const ANY: [(&str, SourceReader); 3] = [("file", file), ("env", env), ("credential", credential)];
/// The same, without those that a process is given by whoever starts it.
const OF_RUNNER: [(&str, SourceReader); 2] = [("file", file), ("credential", credential)];

/// The entries of a table that name a source.
fn typed<'t>(table: &Section<'t>, sources: &[(&str, SourceReader)]) -> Vec<(TypedEntry<'t>, SourceReader)> {
    sources.iter().filter_map(|&(key, read)| Some((table.get(key)?, read))).collect()
}

type SourceReader = fn(&TypedEntry<'_>, &mut Findings<'_>) -> Option<SecretSource>;

fn masked_unless_right(
    entry: &TypedEntry<'_>,
    read: SourceReader,
    findings: &mut Findings<'_>,
) -> Option<SecretSource> {
    let source = read(entry, findings);
    if source.is_none() {
        findings.mask(entry.span());
    }
    source
}

fn not_one(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let message = "`secret` must have exactly one of `file`, `env` and `credential`";
    let several = table.entries().any(|entry| entry.key != "expires");
    let hint = if several { "write an array of tables to accept several secrets" } else { SECRET_ADVICE };
    findings.add(table.span.clone(), message, hint);
    None
}

fn file(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    value::absolute_path(entry, findings).map(SecretSource::File)
}

fn env(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let name = value::text(entry, findings)?;
    let allowed = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !allowed || name.starts_with(|c: char| c.is_ascii_digit()) {
        entry.wrong(findings, "`env` must be the name of an environment variable", "as in `{ env = \"DOCS_SECRET\" }`");
        return None;
    }
    if is_the_senders(name) {
        let message = format!("`{name}` is a variable that a web server sets for each request");
        entry.wrong(
            findings,
            &message,
            "the sender would choose the secret: name one that the web server's own configuration sets",
        );
        return None;
    }
    Some(SecretSource::Env(name.to_owned()))
}

/// Meta-variables of a CGI request (RFC 3875 §4.1), as far as a sender can choose their values.
fn is_the_senders(name: &str) -> bool {
    let of_request = ["AUTH_TYPE", "CONTENT_", "PATH_INFO", "PATH_TRANSLATED", "QUERY_STRING", "REMOTE_", "REQUEST_"];
    let of_server = ["SCRIPT_", "SERVER_", "DOCUMENT_", "GATEWAY_INTERFACE", "HTTP_", "HTTPS", "REDIRECT_"];
    of_request.iter().chain(&of_server).any(|prefix| name.starts_with(prefix))
}

fn credential(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let name = value::text(entry, findings)?;
    if name.contains('/') || matches!(name, "." | "..") {
        let hint = "as `LoadCredential=` names it, not its path";
        entry.wrong(findings, "`credential` must be the name of a systemd credential", hint);
        return None;
    }
    Some(SecretSource::Credential(name.to_owned()))
}
