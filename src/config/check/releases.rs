//! Pure. `releases` of a hook, and what its steps must be then. What the file leaves out is put in here, so that
//! everybody after this sees one list of steps: a release is made first, and switched to last.

use super::section::{self, Layers};
use super::{step, value};
use crate::config::findings::Findings;
use crate::config::keys::{Table, default_of};
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{Confining, GitUpdate, Releases, SharedPath, Step, StepAction};
use std::path::PathBuf;

/// Bounds of `keep`.
const KEEPS: std::ops::RangeInclusive<i64> = 1..=1000;
/// Words of `rollback`.
const ROLLBACKS: [(&str, bool); 2] = [("by-hand", false), ("on-failure", true)];
/// Lists of steps beside `steps`.
const LISTS_AFTER: [&str; 4] = ["on_failure", "on_success", "on_recovery", "always"];

/// The work directory, and `releases`.
pub(super) fn place(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<(PathBuf, Option<Releases>)> {
    let Some(entry) = layers.own.get("releases") else {
        return Some((layers.get("dir").and_then(|entry| value::absolute_path(&entry, findings))?, None));
    };
    let table = section::open(&entry, Table::Releases, findings)?;
    if let Some(dir) = layers.own.get("dir") {
        let hint = "leave `dir` out: the steps work in the new release";
        findings.add(dir.key_span, "a hook with `releases` has no `dir`", hint);
    }
    let dir = table.get("dir").and_then(|entry| value::absolute_path(&entry, findings));
    let keep = match table.get("keep") {
        Some(entry) => value::integer(&entry, KEEPS, findings).and_then(|keep| usize::try_from(keep).ok()),
        None => default_of(Table::Releases, "keep").parse().ok(),
    };
    let shared = table.get("shared").map_or(Some(Vec::new()), |entry| shared(&entry, findings));
    let is_from_right = table.get("from").is_none_or(|entry| step::clone_source(&entry, findings).is_some());
    let dir = dir.filter(|_| is_from_right)?;
    if dir.file_name().is_none() {
        entry.wrong(findings, "releases cannot lie in `/`", "name a directory of its own");
        return None;
    }
    Some((dir, Some(Releases { keep: keep?, shared: shared? })))
}

/// `true` for `rollback = "on-failure"`.
pub(super) fn rolls_back(layers: &Layers<'_>, findings: &mut Findings<'_>) -> Option<bool> {
    let Some(entry) = layers.get("rollback") else { return Some(false) };
    let rolls_back = value::word(&entry, &ROLLBACKS, findings)?;
    let has_releases = layers.own.get("releases").is_some();
    if rolls_back && !has_releases && is_hook(layers) && layers.own.get("rollback").is_some() {
        findings.add(entry.key_span, "`rollback` goes with `releases` only", "");
        return None;
    }
    Some(rolls_back && has_releases)
}

/// The steps with those that a hook with `releases` need not name.
pub(super) fn steps(layers: &Layers<'_>, steps: Vec<Step>, findings: &mut Findings<'_>) -> Option<Vec<Step>> {
    let Some(entry) = layers.get("steps") else { return Some(steps) };
    let elements = entry.as_list().unwrap_or_default();
    let at = |is: fn(&StepAction) -> bool| -> Vec<usize> {
        steps.iter().enumerate().filter(|(_, step)| is(&step.action)).map(|(at, _)| at).collect()
    };
    let (gits, switches) = (at(|a| matches!(a, StepAction::Git(_))), at(|a| *a == StepAction::Switch));
    let place = layers.own.get("releases").and_then(|entry| entry.as_section(Table::Releases));
    let Some(place) = place else {
        if let Some(element) = switches.first().and_then(|at| elements.get(*at)).filter(|_| is_hook(layers)) {
            element.wrong(findings, "`switch` goes with `releases` only", "");
            return None;
        }
        return Some(steps);
    };
    let is_right = [
        no_parallel_jobs(layers, findings),
        no_git_after(layers, findings),
        one_git_first(&gits, &elements, findings),
        one_switch(&switches, &elements, findings),
    ];
    let from = from(&place, gits.is_empty(), findings)?;
    is_right.iter().all(|right| *right).then(|| completed(steps, gits.is_empty(), switches.is_empty(), from))
}

fn is_hook(layers: &Layers<'_>) -> bool {
    layers.own.table == Table::Hook
}

fn completed(mut steps: Vec<Step>, needs_git: bool, needs_switch: bool, from: Option<String>) -> Vec<Step> {
    if needs_switch {
        let at = steps.len() - usize::from(steps.last().is_some_and(|step| step.restarts_runner));
        steps.insert(at, plain(StepAction::Switch));
    }
    if needs_git {
        steps.insert(0, plain(StepAction::Git(GitUpdate { from, ..GitUpdate::default() })));
    }
    steps
}

fn plain(action: StepAction) -> Step {
    Step {
        action,
        timeout: None,
        silence: None,
        env: Vec::new(),
        confining: Confining::AsHook,
        always: false,
        restarts_runner: false,
    }
}

/// Two jobs at a time would switch in any order.
fn no_parallel_jobs(layers: &Layers<'_>, findings: &mut Findings<'_>) -> bool {
    let Some(entry) = layers.get("when_newer").filter(|entry| entry.as_text() == Some("parallel")) else { return true };
    entry.wrong(
        findings,
        "the releases of a hook are made one after the other",
        "choose `supersede`, `keep` or `replace`",
    );
    false
}

fn no_git_after(layers: &Layers<'_>, findings: &mut Findings<'_>) -> bool {
    let mut elements = LISTS_AFTER.iter().filter_map(|key| layers.get(key)?.as_list()).flatten();
    let git = elements.find_map(|element| element.as_section(Table::Step)?.get("git"));
    if let Some(git) = &git {
        let message = "with `releases`, only a step of `steps` fetches: it makes the release";
        findings.add(git.key_span.clone(), message, "these steps work in the current release");
    }
    git.is_none()
}

fn one_git_first(gits: &[usize], elements: &[TypedEntry<'_>], findings: &mut Findings<'_>) -> bool {
    let misplaced = gits.iter().enumerate().find(|(number, at)| *number > 0 || **at > 0);
    let Some(element) = misplaced.and_then(|(_, at)| elements.get(*at)) else { return true };
    let hint = "with `releases` it makes the directory in which the others work";
    element.wrong(findings, "the step with `git` must be the first, and the only one", hint);
    false
}

fn one_switch(switches: &[usize], elements: &[TypedEntry<'_>], findings: &mut Findings<'_>) -> bool {
    let Some(element) = switches.get(1).and_then(|at| elements.get(*at)) else { return true };
    element.wrong(findings, "a job switches once", "leave one of the two out");
    false
}

/// `from` of the table; the outer `None` when it is wrong.
#[expect(clippy::option_option, reason = "wrong, absent and right are three things")]
fn from(place: &Section<'_>, is_needed: bool, findings: &mut Findings<'_>) -> Option<Option<String>> {
    let Some(entry) = place.get("from") else { return Some(None) };
    if !is_needed {
        findings.add(entry.key_span, "`from` stands here, and there is a step with `git`", "put it into that step");
        return None;
    }
    // It was checked with its table.
    Some(entry.as_text().map(str::to_owned))
}

fn shared(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<SharedPath>> {
    let elements = value::list(entry, findings)?;
    let paths: Vec<_> = elements.iter().map(|element| shared_path(element, findings)).collect();
    let paths = paths.into_iter().collect::<Option<Vec<SharedPath>>>()?;
    for (index, (element, SharedPath { path, .. })) in elements.iter().zip(&paths).enumerate() {
        let is_around = |other: &&SharedPath| other.path.starts_with(path) || path.starts_with(&other.path);
        if let Some(other) = paths[..index].iter().find(is_around) {
            let message = format!("`{}` and `{}` lie in one another", other.path.display(), path.display());
            element.wrong(findings, message, "the outer one is enough");
            return None;
        }
    }
    Some(paths)
}

fn shared_path(element: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<SharedPath> {
    let path = step::path_below(element, "as in `shared = [\"storage\", \".env\"]`", findings)?;
    if path.components().any(|part| part.as_os_str() == ".git") {
        element.wrong(findings, "a release has no `.git`", "");
        return None;
    }
    Some(SharedPath { path, is_directory: element.as_text().is_some_and(|typed| typed.ends_with('/')) })
}
