//! Pure. One `[[hook]]`, and what several of them may not share.

use super::section::Layers;
use super::{plan, provider, reading, relay, rules, secret, value};
use crate::config::findings::{Findings, Span};
use crate::config::raw::TypedEntry;
use crate::config::settings::{Hook, HookSecret, Plan, Rules, StepAction};
use crate::provider::Provider;
use std::collections::{BTreeMap, BTreeSet};

/// All hooks, if all are right.
pub(super) fn hooks(layers: &[Layers<'_>], own_name: Option<&str>, findings: &mut Findings<'_>) -> Option<Vec<Hook>> {
    unique(layers, "name", findings);
    unique(layers, "path", findings);
    of_another(layers, findings);
    let hooks: Vec<_> = layers.iter().map(|layers| hook(layers, own_name, findings)).collect();
    hooks.into_iter().collect()
}

fn hook(layers: &Layers<'_>, own_name: Option<&str>, findings: &mut Findings<'_>) -> Option<Hook> {
    let [hosts, from] = ["hosts", "from"].map(|key| relay::hosts(layers, key, findings));
    let is_relayed = layers.own.get("from").is_some();
    let only_passes_on = hosts.as_ref().is_some_and(|hosts| passes_on(hosts, own_name));
    let left_out: &[&str] = match (is_relayed, only_passes_on) {
        (true, _) => &["provider", "secret"],
        (_, true) => &["dir", "steps"],
        _ => &[],
    };
    layers.required_keys(left_out, findings);
    if is_relayed {
        relay::of_relayed(layers, findings);
    }
    let name = layers.own.get("name").and_then(|entry| value::name(&entry, findings));
    let path = layers.own.get("path").and_then(|entry| url_path(&entry, findings));
    let allow_get = provider::allow_get(layers, findings);
    let reading = reading::options(layers, findings);
    let (provider, secrets, rules, plan) = settings(layers, only_passes_on, findings);
    // Nobody is verified by it: there is no secret.
    let (provider, secrets) = if is_relayed { (Some(Provider::Github), Some(Vec::new())) } else { (provider, secrets) };
    if let (Some(provider), Some(plan)) = (&provider, &plan) {
        report_untested(layers, provider, plan, findings);
    }
    let (name, mut plan) = (name?, plan?);
    if plan.queue.is_empty() {
        plan.queue.clone_from(&name);
    }
    let (allow_get, reading) = (allow_get?, reading?);
    let (provider, secrets, rules) = (provider?, secrets?, rules?);
    Some(Hook { name, path, provider, allow_get, reading, secrets, hosts: hosts?, from: from?, rules, plan })
}

/// True if hosts are named, and this one is none of them.
fn passes_on(hosts: &[String], own_name: Option<&str>) -> bool {
    !hosts.is_empty() && own_name.is_some_and(|own| hosts.iter().all(|host| host != own))
}

/// Reports `ci` in `events` where nothing could tell whose commit CI succeeded on.
fn report_untested(layers: &Layers<'_>, provider: &Provider, plan: &Plan, findings: &mut Findings<'_>) {
    let Some(events) = layers.get("events").filter(|_| !provider.ci_names_branch()) else { return };
    let wants_ci = events.as_list().is_some_and(|words| words.iter().any(|word| word.as_text() == Some("ci")));
    let has_git = plan.steps.iter().any(|step| matches!(step.action, StepAction::Git(_)));
    if wants_ci && !has_git {
        let message = format!("`ci` of {} tells of a commit, and not of which branch it is", provider.name());
        events.wrong(
            findings,
            message,
            "add the step `{ git = \"update\" }`, which sees whether it is the branch's head",
        );
    }
}

type SharedSettings = (Option<Provider>, Option<Vec<HookSecret>>, Option<Rules>, Option<Plan>);

/// The settings that may also stand in `[defaults]`.
pub(super) fn settings(layers: &Layers<'_>, only_passes_on: bool, findings: &mut Findings<'_>) -> SharedSettings {
    let provider = provider::provider(layers, findings);
    let secrets = layers.get("secret").and_then(|entry| secret::sources(&entry, findings));
    (provider, secrets, rules::rules(layers, findings), plan::plan(layers, only_passes_on, findings))
}

/// A path that a web server hands on as it is: `/a/b`.
fn url_path(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let path = value::text(entry, findings)?;
    let strange = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '\\');
    let message = if !path.starts_with('/') {
        "`path` must begin with `/`"
    } else if path.ends_with('/') {
        "`path` must not end with `/`"
    } else if path.contains("//") || path.contains(strange) {
        "`path` must be a plain path, without `//`, `?`, `#` and blanks"
    } else {
        return Some(path.to_owned());
    };
    entry.wrong(findings, message, "write it as `/gitea-update`");
    None
}

/// Reports each `path` that is where another hook answers by its name: a path goes first.
fn of_another(layers: &[Layers<'_>], findings: &mut Findings<'_>) {
    let text =
        |layers: &Layers<'_>, key: &str| layers.own.get(key).and_then(|entry| entry.as_text().map(str::to_owned));
    let names: BTreeSet<_> = layers.iter().filter_map(|layers| text(layers, "name")).collect();
    for (layers, entry) in layers.iter().filter_map(|layers| Some((layers, layers.own.get("path")?))) {
        let part = entry.as_text().and_then(|path| path.strip_prefix('/')).filter(|part| names.contains(*part));
        if let Some(part) = part.filter(|part| text(layers, "name").as_deref() != Some(part)) {
            let message = format!("`/{part}` is where hook `{part}` answers");
            entry.wrong(findings, message, "it would get none of its deliveries: choose another path");
        }
    }
}

/// Reports each value of `key` that an earlier hook has.
fn unique(layers: &[Layers<'_>], key: &str, findings: &mut Findings<'_>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let entries = layers.iter().filter_map(|layers| layers.own.get(key));
    for (typed, entry) in entries.filter_map(|entry| Some((entry.as_text()?, entry))) {
        if let Some(first) = seen.get(typed) {
            let line = findings.line_of(first.start);
            let message = format!("two hooks have the {key} `{}`", typed.escape_debug());
            entry.wrong(findings, message, format!("the first is on line {line}"));
        } else {
            seen.insert(typed, entry.span());
        }
    }
}
