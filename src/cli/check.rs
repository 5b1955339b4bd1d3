//! Edge. `check`: all problems of the configuration at once.

use super::exit::{self, Failure};
use super::page::page_troubles;
use super::print;
use super::trust::{described, secret_files, weakness_of};
use crate::config::{
    self, Config, Hook, HookSecret, LoadError, NotifyTarget, Plan, Releases, SecretSource, Step, StepAction,
    hides_failures, oddity,
};
use crate::provider::Secret;
use crate::runner::steps::List;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

/// Prints what is wrong, or what the hooks are. Exit 78 when something is wrong.
pub(super) fn run(file: Option<&Path>, json: bool) -> Result<ExitCode, Failure> {
    let file = config::find(file).map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    match config::load(&file) {
        Ok(config) => right(&config, json),
        Err(LoadError::Wrong(report)) if json => {
            print::json(&serde_json::json!({ "ok": false, "file": file, "problems": report.problems }))?;
            Ok(ExitCode::from(exit::CONFIGURATION))
        }
        Err(error) => Err(Failure::new(exit::CONFIGURATION, error)),
    }
}

/// Remarks on a configuration that can be read.
struct Review {
    secrets: SecretReport,
    /// Warnings of files that others may replace.
    replaceable: Vec<String>,
    /// Troubles of the page.
    page: Vec<String>,
    notes: Vec<String>,
}

fn right(config: &Config, json: bool) -> Result<ExitCode, Failure> {
    let (secrets, replaceable) = (secrets_of(config), replaceable_files(config));
    let page: Vec<String> = page_troubles(config).iter().map(ToString::to_string).collect();
    let is_ok = [&secrets.problems, &secrets.warnings, &replaceable, &page].iter().all(|found| found.is_empty());
    let review = Review { secrets, replaceable, page, notes: notes(config) };
    if json {
        as_json(config, &review, is_ok)?;
    } else {
        as_text(config, &review)?;
    }
    Ok(ExitCode::from(if is_ok { 0 } else { exit::NO }))
}

fn as_json(config: &Config, review: &Review, is_ok: bool) -> Result<(), Failure> {
    let Review { secrets, replaceable, page, notes } = review;
    let secrets: Vec<_> = secrets.problems.iter().chain(&secrets.warnings).collect();
    let hooks: Vec<_> = config.hooks.iter().map(hook_as_json).collect();
    print::json(&serde_json::json!({
        "ok": is_ok, "file": config.file, "spool": config.spool, "hooks": hooks, "targets": targets(config),
        "secrets": secrets, "replaceable": replaceable, "page": page, "notes": notes,
    }))?;
    Ok(())
}

fn hook_as_json(hook: &Hook) -> serde_json::Value {
    let of_deliveries = (hook.provider.name(), hook.provider.strength().word());
    let (provider, check) = hook.from.is_empty().then_some(of_deliveries).unzip();
    serde_json::json!({
        "name": hook.name, "provider": provider, "check": check, "queue": hook.plan.queue, "hosts": hook.hosts,
        "from": hook.from, "confined": hook.plan.boxes().count(),
    })
}

fn as_text(config: &Config, review: &Review) -> Result<(), Failure> {
    let Review { secrets: SecretReport { problems, warnings }, replaceable, page, notes } = review;
    let verdict = match problems.len() {
        0 => "no problems".to_owned(),
        count => format!("well-formed, but {} cannot be used", print::count(count, "secret")),
    };
    let head = [format!("{}: {verdict}", config.file.display())].into_iter();
    let head = head.chain(problems.iter().map(|problem| format!("PROBLEM: {problem}")));
    let spool = format!("spool {}", config.spool.display());
    let hooks = config.hooks.iter().flat_map(|hook| hook_as_text(config, hook));
    let target = |target: &NotifyTarget| {
        format!("target {} ({}): {}", target.name, target.messenger.name(), target.on.meaning())
    };
    let warnings = warnings.iter().chain(replaceable).chain(page).map(|problem| format!("warning: {problem}"));
    let notes = notes.iter().map(|note| format!("note: {note}"));
    let lines = head.chain([spool]).chain(hooks).chain(config.notify.iter().map(target)).chain(warnings).chain(notes);
    lines.into_iter().try_for_each(|line| print::line(&line))
}

fn hook_as_text(config: &Config, hook: &Hook) -> Vec<String> {
    let (steps, dir) = (print::count(hook.plan.steps.len(), "step"), hook.plan.dir.display());
    let does = if config.only_passes_on(hook) { "passed on".to_owned() } else { format!("{steps} in {dir}") };
    let (source, check) = match hook.from.as_slice() {
        [] => (hook.provider.name(), hook.provider.strength().to_string()),
        from => ("from other hosts", format!("signature of {}", from.join(" or "))),
    };
    let mut lines = vec![format!("hook {} ({source}), {does}", hook.name), format!("  check: {check}")];
    if !hook.hosts.is_empty() {
        lines.push(format!("  hosts: {}", hook.hosts.join(", ")));
    }
    lines.push(format!("  queue {}: {}", hook.plan.queue, hook.plan.when_newer.meaning()));
    lines.extend(releases(hook));
    lines.extend(confined(hook));
    lines.extend(told(hook).iter().map(|told| format!("  {told}")));
    lines
}

/// The line on the releases of a hook: what stays, what is shared, and when the switch comes.
fn releases(hook: &Hook) -> Option<String> {
    let Plan { releases, dir, steps, rolls_back, .. } = &hook.plan;
    let Releases { keep, shared } = releases.as_ref()?;
    let shared: Vec<String> = shared.iter().map(|shared| shared.path.display().to_string()).collect();
    let what = if shared.is_empty() { String::new() } else { format!("; shared: {}", shared.join(", ")) };
    let (at, of) = (hook.plan.switch_at().map_or(0, |at| at + 1), steps.len());
    let back = if *rolls_back { ", and back if one after it fails" } else { "" };
    let current = dir.join("current");
    Some(format!("  releases: {keep} are kept{what}; step {at} of {of} switches {}{back}", current.display()))
}

/// The line on the steps of a hook that run in a box.
fn confined(hook: &Hook) -> Option<String> {
    let boxes: Vec<_> = hook.plan.boxes().collect();
    let all = hook.plan.all_steps().filter(|step| matches!(step.action, StepAction::Run(_) | StepAction::Shell(_)));
    let offline = boxes.iter().filter(|confine| !confine.network).count();
    let network = if offline == 0 { String::new() } else { format!("; {offline} without network") };
    let count = print::count(all.count(), "program");
    (!boxes.is_empty()).then(|| format!("  confined: {} of {count}{network}", boxes.len()))
}

/// Lines on who is told of the jobs of `hook`.
fn told(hook: &Hook) -> Vec<String> {
    let names = Some(&hook.plan.notify).filter(|names| !names.is_empty());
    let status = hook.plan.status.as_ref();
    let names = names.map(|names| format!("told: {}", names.join(", ")));
    let status = status.map(|status| format!("commit status: {} at {}", status.repository, status.api));
    names.into_iter().chain(status).collect()
}

/// The targets of messages.
fn targets(config: &Config) -> Vec<serde_json::Value> {
    let target = |target: &NotifyTarget| {
        let (kind, on) = (target.messenger.name(), target.on.word());
        serde_json::json!({ "name": target.name, "kind": kind, "on": on })
    };
    config.notify.iter().map(target).collect()
}

/// Notes on what may be meant, and often is not.
fn notes(config: &Config) -> Vec<String> {
    config.hooks.iter().flat_map(hidden_failures).collect()
}

/// Lines on the shell steps of `hook` that go on after a command that failed.
fn hidden_failures(hook: &Hook) -> Vec<String> {
    let script =
        |step: &Step| if let StepAction::Shell(script) = &step.action { hides_failures(script) } else { false };
    let lists = List::ALL.into_iter().map(|list| (list, list.of(&hook.plan)));
    let steps = lists.flat_map(|(list, steps)| (1..).zip(steps).map(move |(number, step)| (list, number, step)));
    let hidden = steps.filter(|(_, _, step)| script(step));
    let line = |(list, number, _): (List, i32, &Step)| {
        let (name, list) = (&hook.name, list.as_str());
        format!("hook `{name}`, {list} {number}: the shell goes on after a command that fails; begin it with `set -e;`")
    };
    hidden.map(line).collect()
}

/// Warnings of files that others may replace: they choose what runs, or who may start it.
fn replaceable_files(config: &Config) -> Vec<String> {
    let files = [config.file.clone()].into_iter().chain(secret_files(config));
    let weak = files.filter_map(|file| weakness_of(&file, &config.spool).map(|weakness| (file, described(&weakness))));
    weak.map(|(file, (what, repair))| format!("{} can be replaced: {what}; `{repair}`", file.display())).collect()
}

/// Findings about secrets, one line for all hooks that share it.
struct SecretReport {
    /// They are of no use to anybody.
    problems: Vec<String>,
    /// They may be right for the receiver, who is another user; or are hardly what was meant.
    warnings: Vec<String>,
}

fn secrets_of(config: &Config) -> SecretReport {
    let now = Timestamp::now();
    let (mut problems, mut warnings) = (BTreeMap::new(), BTreeMap::new());
    for hook in &config.hooks {
        for secret in &hook.secrets {
            let (said, is_problem) = match secret.source.read() {
                Err(error) => (Some(error.to_string()), !error.is_of_this_process()),
                Ok(key) => (of_key(hook, secret, &key, now), false),
            };
            let lines = if is_problem { &mut problems } else { &mut warnings };
            if let Some(said) = said {
                lines.entry(said).or_insert_with(Vec::new).push(hook.name.as_str());
            }
        }
    }
    let (mut problems, mut warnings) = (lines(problems), lines(warnings));
    for (of, source) in others(config) {
        if let Err(error) = source.read() {
            let lines = if error.is_of_this_process() { &mut warnings } else { &mut problems };
            lines.push(format!("secret of {of}: {error}"));
        }
    }
    SecretReport { problems, warnings }
}

/// Secrets that only the runner needs, and whose they are.
fn others(config: &Config) -> impl Iterator<Item = (String, &SecretSource)> {
    let of_target = |target: &NotifyTarget| format!("target `{}`", target.name);
    let targets = config.notify.iter().flat_map(move |t| t.secret_sources().map(move |source| (of_target(t), source)));
    let token = |hook: &Hook| format!("`status` of hook `{}`", hook.name);
    let forges = config.hooks.iter().filter_map(move |h| Some((token(h), &h.plan.status.as_ref()?.token)));
    targets.chain(forges)
}

/// Findings about a secret that can be read.
fn of_key(hook: &Hook, secret: &HookSecret, key: &Secret, now: Timestamp) -> Option<String> {
    let name = secret.source.source_name();
    if !secret.counts_at(now) {
        return Some(format!("{name} has expired; take it out"));
    }
    if let Err(denied) = hook.provider.check_key(key) {
        return Some(format!("{name} can verify nothing: {denied}"));
    }
    let (what, script) = oddity(key)?;
    Some(format!("{name} {what}, which counts as a part of it; unless it is meant, `sed -i '{script}'` the file"))
}

fn lines(said: BTreeMap<String, Vec<&str>>) -> Vec<String> {
    let line = |(what, hooks): (String, Vec<&str>)| {
        let (noun, names) = (if hooks.len() == 1 { "hook" } else { "hooks" }, hooks.join("`, `"));
        format!("secret of {noun} `{names}`: {what}")
    };
    said.into_iter().map(line).collect()
}
