//! Pure. `[[notify]]`: the targets of messages.

use super::section;
use super::{secret, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of, keys_of};
use crate::config::quantity;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{NotifyTarget, TargetUrl};
use crate::model::is_target_name;
use crate::notify::{MessageRate, Messenger, Need, TellOn, trouble_with_url};
use std::collections::BTreeMap;
use std::time::Duration;

/// Bounds of the time in `max`.
const RATE_LIMITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(24 * 3600)];
/// Most messages in it.
const RATE_COUNT: u32 = 10_000;
/// Most recipients of a mail.
const RECIPIENTS: usize = 50;

/// All `[[notify]]`, if all are right.
pub(super) fn targets(top: &Section<'_>, findings: &mut Findings<'_>) -> Option<Vec<NotifyTarget>> {
    let Some(list) = top.get("notify") else { return Some(Vec::new()) };
    let Some(elements) = list.as_list() else {
        findings.add(list.key_span.clone(), "`notify` must be an array of tables", "write `[[notify]]`");
        return None;
    };
    let mut lines = BTreeMap::new();
    let targets: Vec<_> = elements
        .iter()
        .map(|element| {
            let table = section::open(element, Table::Notify, findings)?;
            let name = table.get("name").and_then(|entry| name(&entry, &mut lines, findings));
            target(&table, name, findings)
        })
        .collect();
    targets.into_iter().collect()
}

fn name<'a>(
    entry: &TypedEntry<'a>,
    lines: &mut BTreeMap<&'a str, usize>,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let name = value::text(entry, findings)?;
    if !is_target_name(name) {
        entry.wrong(findings, "`name` may hold letters, digits, `_` and `-`, 64 at most", "");
        return None;
    }
    let line = findings.line_of(entry.span().start);
    if let Some(first) = lines.insert(name, line) {
        entry.wrong(findings, format!("two targets have the name `{name}`"), format!("the first is on line {first}"));
        return None;
    }
    Some(name.to_owned())
}

fn target(table: &Section<'_>, name: Option<String>, findings: &mut Findings<'_>) -> Option<NotifyTarget> {
    let kind = table.get("kind").and_then(|entry| value::word(&entry, &Messenger::ALL, findings));
    let fields = kind.map(|kind| right_fields(table, kind, findings));
    let on = match table.get("on") {
        Some(entry) => value::word(&entry, &TellOn::ALL, findings),
        None => TellOn::ALL.iter().find(|(word, _)| *word == default_of(Table::Notify, "on")).map(|(_, on)| *on),
    };
    let rate = table.get("max").map(|entry| rate(&entry, findings));
    let url = table.get("url").map(|entry| url(&entry, kind, findings));
    let [token, sign] = ["token", "sign"].map(|key| table.get(key).map(|entry| secret::of_target(&entry, findings)));
    let [room, topic] = ["room", "topic"].map(|key| table.get(key).map(|entry| word_or_number(&entry, findings)));
    let chat_id = table.get("chat_id").map(|entry| word_or_number(&entry, findings));
    let to = table.get("to").map(|entry| recipients(&entry, findings));
    let from = table.get("from").map(|entry| mail_address(&entry, findings));
    let messenger = kind?;
    fields?.then_some(())?;
    right_place(table, messenger, findings)?;
    Some(NotifyTarget {
        name: name?,
        messenger,
        on: on?,
        rate: rate.map_or(Some(messenger.default_rate()), |rate| rate)?,
        url: given(url)?,
        token: given(token)?,
        sign: given(sign)?,
        room: given(room)?.unwrap_or_default(),
        chat_id: given(chat_id)?.unwrap_or_default(),
        topic: given(topic)?,
        to: given(to)?.unwrap_or_default(),
        from: given(from)?.unwrap_or_default(),
    })
}

/// The typed value, if it is right; the outer `None` where it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
pub(super) fn given<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |right| right.map(Some))
}

/// Reports the fields that a kind does not take, and those that it needs; whether there were none.
fn right_fields(table: &Section<'_>, kind: Messenger, findings: &mut Findings<'_>) -> bool {
    let takes: Vec<&str> = kind.fields().iter().map(|(key, _)| *key).collect();
    let is_shared = |key: &str| ["name", "kind", "on", "max"].contains(&key);
    let is_strange = |entry: &TypedEntry<'_>| {
        let is_known = keys_of(Table::Notify).any(|key| key.name == entry.key);
        is_known && !is_shared(entry.key) && !takes.contains(&entry.key)
    };
    let mut are_right = true;
    for entry in table.entries().filter(is_strange) {
        are_right = false;
        findings.mask(entry.span());
        let message = format!("`{}` is not for kind `{}`", entry.key, kind.name());
        findings.add(entry.key_span.clone(), message, format!("it takes `{}`", takes.join("`, `")));
    }
    for (key, _) in kind.fields().iter().filter(|(key, need)| *need == Need::Required && table.get(key).is_none()) {
        are_right = false;
        let message = format!("`{key}` is missing: kind `{}` needs it", kind.name());
        findings.add(table.span.clone(), message, format!("add `{key} = {}`", example(kind, key)));
    }
    are_right
}

/// Reports a place that the service would not find.
fn right_place(table: &Section<'_>, kind: Messenger, findings: &mut Findings<'_>) -> Option<()> {
    let (key, message, hint, is_right): (_, _, _, fn(&str) -> bool) = match kind {
        Messenger::Matrix => {
            let hint = "it begins with `!`: *Room settings*, *Advanced*";
            ("room", "`room` must be the room's id, not its alias", hint, |text| text.starts_with('!'))
        }
        Messenger::Telegram => {
            let hint = "a link to one of its messages is `t.me/c/CHAT/TOPIC/MESSAGE`";
            ("topic", "`topic` of a group of Telegram must be a number", hint, |text| text.parse::<i64>().is_ok())
        }
        _ => return Some(()),
    };
    let Some(entry) = table.get(key).filter(|entry| entry.as_text().is_some_and(|text| !is_right(text))) else {
        return Some(());
    };
    entry.wrong(findings, message, hint);
    None
}

/// A value as it would be typed.
fn example(kind: Messenger, key: &str) -> &'static str {
    match key {
        "url" if kind == Messenger::Matrix => "\"https://matrix.example.org\"",
        "url" if kind == Messenger::Gotify => "\"https://gotify.example.org\"",
        "url" => "{ file = \"/etc/hookspool/secrets/ops-url\" }",
        "token" => "{ file = \"/etc/hookspool/secrets/ops-token\" }",
        "room" => "\"!id:example.org\"",
        "chat_id" => "\"-1001234567890\"",
        "topic" => "\"deploys\"",
        _ => "\"ops@example.org\"",
    }
}

fn url(entry: &TypedEntry<'_>, kind: Option<Messenger>, findings: &mut Findings<'_>) -> Option<TargetUrl> {
    let Some(typed) = entry.as_text() else { return secret::of_target(entry, findings).map(TargetUrl::Secret) };
    findings.mask(entry.span());
    if kind.is_some_and(|kind| !kind.has_open_url()) {
        let hint = "put it into a file: `url = { file = \"/etc/hookspool/secrets/ops-url\" }`";
        entry.wrong(findings, "the URL is the secret of this kind, and cannot stand in the configuration", hint);
        return None;
    }
    if let Some(trouble) = trouble_with_url(typed) {
        entry.wrong(findings, trouble, "");
        return None;
    }
    Some(TargetUrl::Typed(typed.to_owned()))
}

/// `20/10m`.
fn rate(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<MessageRate> {
    let read = || {
        let (count, per) = entry.as_text()?.split_once('/')?;
        let count = count.parse().ok().filter(|count| (1..=RATE_COUNT).contains(count))?;
        let per = quantity::duration(per).filter(|per| *per >= RATE_LIMITS[0] && *per <= RATE_LIMITS[1])?;
        Some(MessageRate { count, per })
    };
    let rate = read();
    if rate.is_none() {
        let hint = "write a number and a time from 1s to 1d, as in `\"20/10m\"`: 20 messages in ten minutes";
        entry.wrong(findings, "`max` must be messages in a time", hint);
    }
    rate
}

/// A text, or a number that people write without quotes.
fn word_or_number(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    if let Some(number) = entry.as_integer() {
        return Some(number.to_string());
    }
    let text = value::text(entry, findings)?;
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        entry.wrong(findings, format!("`{}` holds a blank", entry.key), "");
        return None;
    }
    Some(text.to_owned())
}

/// One address, or several.
fn recipients(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<String>> {
    let Some(list) = entry.as_list() else { return Some(vec![mail_address(entry, findings)?]) };
    if list.is_empty() || list.len() > RECIPIENTS {
        entry.wrong(findings, format!("`to` must name 1 to {RECIPIENTS} addresses"), "");
        return None;
    }
    let addresses: Vec<_> = list.iter().map(|element| mail_address(element, findings)).collect();
    addresses.into_iter().collect()
}

/// A bare address: nothing in it can end a header, or add a recipient.
fn mail_address(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let text = value::text(entry, findings)?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.!#$%&'*+/=?^_{|}~-".contains(&byte));
    let has_parts = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !host.contains('@') && !text.starts_with('-')
    });
    if !is_plain || !has_parts || text.len() > 254 {
        entry.wrong(findings, "not an address of mail", "as in `\"ops@example.org\"`, without a name beside it");
        return None;
    }
    Some(text.to_owned())
}
