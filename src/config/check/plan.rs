//! Pure. The plan of a job, and how often it is tried.

use super::section::{self, Layers};
use super::{confine, env, releases, step, telling, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::quantity;
use crate::config::raw::TypedEntry;
use crate::config::settings::{Backoff, OnInterrupt, Plan, Retry, RetryOn, Step, StepAction, WhenNewer};
use std::path::PathBuf;
use std::time::Duration;

/// Bounds of `reconcile`: each is a question to the remote.
const RECONCILE_LIMITS: [&str; 2] = ["1s", "7d"];
/// Bounds of `backoff` and `cap`.
const WAIT_LIMITS: [&str; 2] = ["1ms", "7d"];

/// The last three are snare's words for the same.
const WHEN_NEWER: [(&str, WhenNewer); 6] = [
    ("supersede", WhenNewer::Supersede),
    ("keep", WhenNewer::Keep),
    ("replace", WhenNewer::Replace),
    ("evict", WhenNewer::Supersede),
    ("sequential", WhenNewer::Keep),
    ("parallel", WhenNewer::Parallel),
];
const RETRY_ON: [(&str, RetryOn); 2] = [("transient", RetryOn::Transient), ("failure", RetryOn::Failure)];
const ON_INTERRUPT: [(&str, OnInterrupt); 2] = [("retry", OnInterrupt::Retry), ("hold", OnInterrupt::Hold)];

/// The plan; its queue is empty where none is named, and so are directory and steps of a hook that `only_passes_on`.
pub(super) fn plan(layers: &Layers<'_>, only_passes_on: bool, findings: &mut Findings<'_>) -> Option<Plan> {
    let has_place = ["dir", "releases"].iter().any(|key| layers.get(key).is_some());
    let nothing = (only_passes_on && !has_place).then(|| (PathBuf::new(), None));
    let place = nothing.or_else(|| releases::place(layers, findings));
    let umask = layers.get("umask").map_or(Some(None), |entry| umask(&entry, findings).map(Some));
    let ssh_key = ssh_key(layers, findings);
    let rolls_back = releases::rolls_back(layers, findings);
    let queue = layers.get("queue").map_or(Some(String::new()), |entry| queue(&entry, findings));
    let when_newer = word(layers, "when_newer", &WHEN_NEWER, findings);
    let on_interrupt = word(layers, "on_interrupt", &ON_INTERRUPT, findings);
    let retry = match layers.get("retry") {
        Some(entry) => retry(&entry, findings),
        None => default_retry(),
    };
    let timeout = match layers.get("timeout") {
        Some(entry) => value::duration(&entry, value::TIMEOUT_LIMITS, findings),
        None => default_duration(Table::Hook, "timeout"),
    };
    let silence = optional(layers, "silence", findings);
    let reconcile = optional(layers, "reconcile", findings);
    let variables = layers.get("env").map_or(Some(Vec::new()), |entry| env::variables(&entry, findings));
    let confine = layers.get("confine").map_or(Some(None), |entry| confine::of_hook(&entry, findings));
    let (notify, status) = (telling::told(layers, findings), telling::status(layers, findings));
    let nothing = only_passes_on.then(Vec::new);
    let steps = layers.get("steps").map_or(nothing, |entry| step::steps(&entry, findings));
    let steps = steps.and_then(|steps| releases::steps(layers, steps, findings));
    let [on_failure, on_success, on_recovery, always] = ["on_failure", "on_success", "on_recovery", "always"]
        .map(|key| layers.get(key).map_or(Some(Vec::new()), |entry| step::steps_after(&entry, findings)));
    if let (Some(entry), Some(Some(_)), Some(steps)) = (layers.get("reconcile"), reconcile, &steps) {
        compares(&entry, steps, findings)?;
    }
    let (dir, releases) = place?;
    Some(Plan {
        dir,
        releases,
        rolls_back: rolls_back?,
        umask: umask?,
        ssh_key: ssh_key?,
        queue: queue?,
        when_newer: when_newer?,
        retry: retry?,
        on_interrupt: on_interrupt?,
        timeout: timeout?,
        silence: silence?,
        reconcile: reconcile?,
        env: variables?,
        confine: confine?,
        steps: steps?,
        on_failure: on_failure?,
        on_success: on_success?,
        on_recovery: on_recovery?,
        always: always?,
        notify: notify?,
        status: status?,
    })
}

/// Reports `reconcile` where nothing says which commit is deployed.
fn compares(entry: &TypedEntry<'_>, steps: &[Step], findings: &mut Findings<'_>) -> Option<()> {
    if steps.iter().any(|step| matches!(step.action, StepAction::Git(_))) {
        return Some(());
    }
    entry.wrong(findings, "`reconcile` compares what a step `{ git = \"update\" }` deploys", "add that step");
    None
}

/// A duration that may be absent; the outer `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn optional(layers: &Layers<'_>, key: &str, findings: &mut Findings<'_>) -> Option<Option<Duration>> {
    let limits = if key == "reconcile" { RECONCILE_LIMITS } else { value::TIMEOUT_LIMITS };
    match layers.get(key) {
        Some(entry) => value::duration(&entry, limits, findings).map(Some),
        None => Some(None),
    }
}

/// An octal mask, as `umask`(1p) takes it; in quotes, since TOML's `027` is no number.
fn umask(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<u32> {
    let typed = entry.as_text().unwrap_or_default();
    let mask = u32::from_str_radix(typed, 8).ok().filter(|mask| *mask <= 0o777 && typed.len() <= 4);
    let hint = "as in `umask = \"027\"`";
    match mask {
        None => entry.wrong(findings, "`umask` must be an octal number in quotes", hint),
        Some(mask) if mask & 0o700 != 0 => {
            entry.wrong(findings, "with this `umask` the steps could not use their own files", hint);
            return None;
        }
        Some(_) => {}
    }
    mask
}

/// The key of git's ssh; the outer `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn ssh_key(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<Option<PathBuf>> {
    let Some(entry) = layers.get("ssh_key") else { return Some(None) };
    let key = value::absolute_path(&entry, findings)?;
    let variables = layers.get("env").and_then(|env| env.as_section(Table::Env));
    if let Some(command) = variables.and_then(|env| env.get("GIT_SSH_COMMAND")) {
        findings.add(command.key_span, "`ssh_key` and `GIT_SSH_COMMAND` both choose the key", "keep one of them");
        return None;
    }
    Some(Some(key))
}

/// A queue's name; snare's users may mean something else by the key.
fn queue(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let name = value::name(entry, findings)?;
    if ["sequential", "parallel", "evict"].contains(&name.as_str()) {
        let message = format!("`{name}` says what becomes of waiting jobs, and `queue` is a name");
        entry.wrong(findings, message, format!("write `when_newer = \"{name}\"`"));
        return None;
    }
    Some(name)
}

fn word<T: Copy>(layers: &Layers<'_>, key: &str, words: &[(&str, T)], findings: &mut Findings<'_>) -> Option<T> {
    let default = default_of(Table::Hook, key);
    match layers.get(key) {
        Some(entry) => value::word(&entry, words, findings),
        None => words.iter().find(|(word, _)| *word == default).map(|(_, value)| *value),
    }
}

fn retry(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Retry> {
    let table = section::open(entry, Table::Retry, findings)?;
    let default = default_retry()?;
    let attempts = table.get("attempts").map_or(Some(default.attempts), |entry| attempts(&entry, findings));
    let on = table.get("on").map_or(Some(default.on), |entry| value::word(&entry, &RETRY_ON, findings));
    let wait = |key: &str, default, findings: &mut Findings<'_>| {
        table.get(key).map_or(Some(default), |entry| value::duration(&entry, WAIT_LIMITS, findings))
    };
    let base = wait("backoff", default.backoff.base, findings)?;
    let cap = wait("cap", default.backoff.cap.max(base), findings)?;
    if let Some(entry) = table.get("cap").filter(|_| cap < base) {
        entry.wrong(findings, "`cap` is shorter than `backoff`", "");
    }
    Some(Retry { attempts: attempts?, backoff: Backoff { base, cap }, on: on? })
}

fn attempts(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<u32> {
    value::integer(entry, 1..=100, findings).and_then(|attempts| u32::try_from(attempts).ok())
}

fn default_retry() -> Option<Retry> {
    let attempts = default_of(Table::Retry, "attempts").parse().ok()?;
    let (base, cap) = (default_duration(Table::Retry, "backoff")?, default_duration(Table::Retry, "cap")?);
    Some(Retry { attempts, backoff: Backoff { base, cap }, on: RetryOn::Transient })
}

fn default_duration(table: Table, key: &str) -> Option<Duration> {
    quantity::duration(default_of(table, key))
}
