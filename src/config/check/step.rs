//! Pure. The steps of a job.

use super::{confine, env, section, value};
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::{Section, TypedEntry};
use crate::config::settings::{GitUpdate, InTheWay, Publish, Step, StepAction};
use std::path::{Component, Path, PathBuf};

/// Keys that say what a step does.
const ACTIONS: [(&str, ActionReader); 6] =
    [("git", git), ("remove", remove), ("publish", publish), ("switch", switch), ("run", run), ("shell", shell)];

/// Bounds of `depth`.
const DEPTHS: std::ops::RangeInclusive<i64> = 1..=1_000_000;

/// Words of `in_the_way`.
const IN_THE_WAY: [(&str, InTheWay); 2] = [("stop", InTheWay::Stop), ("move-aside", InTheWay::MoveAside)];

type ActionReader = fn(&Section<'_>, &TypedEntry<'_>, &mut Findings<'_>) -> Option<StepAction>;

/// An array of steps; at least one.
pub(super) fn steps(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<Step>> {
    let hint = "add at least one, such as `{ run = [\"make\", \"install\"] }`";
    let list = value::filled_list(entry, hint, findings)?;
    let steps: Vec<_> = list.iter().map(|element| step(element, findings)).collect();
    let steps = steps.into_iter().collect::<Option<Vec<Step>>>()?;
    let mut before_the_last = list.iter().zip(&steps).rev().skip(1);
    if let Some((element, _)) = before_the_last.find(|(_, step)| step.restarts_runner) {
        element.wrong(findings, "the step that restarts the runner must be the last", "nothing runs after it");
        return None;
    }
    Some(steps)
}

/// The steps that follow a job; perhaps none, so that a hook can undo a default.
pub(super) fn steps_after(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Vec<Step>> {
    if entry.as_list().is_some_and(|list| list.is_empty()) {
        return Some(Vec::new());
    }
    let steps = steps(entry, findings)?;
    if steps.iter().any(|step| step.restarts_runner) {
        let message = format!("no step of `{}` can restart the runner", entry.key);
        entry.wrong(findings, message, "make it the last of `steps`");
        return None;
    }
    if steps.iter().any(|step| step.action == StepAction::Switch) {
        entry.wrong(findings, format!("no step of `{}` can switch", entry.key), "make it one of `steps`");
        return None;
    }
    Some(steps)
}

fn step(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<Step> {
    if entry.as_section(Table::Step).is_none() {
        entry.wrong(findings, format!("a step must be a table, not {}", entry.kind()), step_hint(entry));
        return None;
    }
    let table = section::open(entry, Table::Step, findings)?;
    let action = action(&table, findings);
    keys_without_action(&table, findings);
    let timeout = table.get("timeout").map(|entry| value::duration(&entry, value::TIMEOUT_LIMITS, findings));
    let silence = table.get("silence").map(|entry| value::duration(&entry, value::TIMEOUT_LIMITS, findings));
    let always = table.get("always").map_or(Some(false), |entry| value::boolean(&entry, findings));
    let restarts_runner = restarts_runner(&table, findings);
    let variables = table.get("env").map_or(Some(Vec::new()), |entry| env::variables(&entry, findings));
    let confining = confine::of_step(&table, findings);
    let timeout = match timeout {
        Some(read) => Some(read?),
        None => None,
    };
    let silence = match silence {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Step {
        action: action?,
        timeout,
        silence,
        env: variables?,
        confining: confining?,
        always: always?,
        restarts_runner: restarts_runner?,
    })
}

/// Only a program can restart anything.
fn restarts_runner(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<bool> {
    let Some(entry) = table.get("restarts_runner") else { return Some(false) };
    let restarts = value::boolean(&entry, findings)?;
    if restarts && table.get("run").is_none() && table.get("shell").is_none() {
        findings.add(entry.key_span, "`restarts_runner` goes with `run` and `shell` only", "");
        return None;
    }
    Some(restarts)
}

fn step_hint(entry: &TypedEntry<'_>) -> String {
    entry.as_text().map_or_else(
        || "write `{ run = [\"program\", \"argument\"] }`".to_owned(),
        |text| format!("write `{{ shell = \"{}\" }}`", text.escape_debug()),
    )
}

fn action(table: &Section<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    let typed: Vec<_> = ACTIONS.iter().filter_map(|(key, read)| Some((table.get(key)?, read))).collect();
    match typed.as_slice() {
        [(entry, read)] => read(table, entry, findings),
        [] => {
            let message = "a step must have one of `git`, `remove`, `publish`, `switch`, `run` and `shell`";
            findings.add(table.span.clone(), message, "as in `{ run = [\"make\", \"install\"] }`");
            None
        }
        [(first, _), (second, _), ..] => {
            let message = format!("a step cannot both `{}` and `{}`", first.key, second.key);
            findings.add(table.span.clone(), message, "make it two steps");
            None
        }
    }
}

fn keys_without_action(table: &Section<'_>, findings: &mut Findings<'_>) {
    let git = ["from", "remote", "in_the_way", "forward_only", "depth"].map(|key| (key, "git", "git = \"update\""));
    for (key, action, written) in git.into_iter().chain([("to", "publish", "publish = …")]) {
        if let Some(entry) = table.get(key).filter(|_| table.get(action).is_none()) {
            findings.add(entry.key_span, format!("`{key}` goes with `{written}` only"), "");
        }
    }
}

fn git(table: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    let update = value::word(entry, &[("update", ())], findings);
    let from = table.get("from").map(|entry| clone_source(&entry, findings));
    let remote = table.get("remote").map(|entry| remote(&entry, findings));
    let in_the_way = table.get("in_the_way").map(|entry| value::word(&entry, &IN_THE_WAY, findings));
    let forward_only = table.get("forward_only").map_or(Some(false), |entry| value::boolean(&entry, findings));
    let depth = table.get("depth").map(|entry| depth(&entry, forward_only == Some(true), findings));
    update?;
    let in_the_way = match in_the_way {
        Some(read) => read?,
        None => InTheWay::default(),
    };
    let from = match from {
        Some(read) => Some(read?),
        None => None,
    };
    let remote = match remote {
        Some(read) => Some(read?),
        None => None,
    };
    let depth = match depth {
        Some(read) => Some(read?),
        None => None,
    };
    Some(StepAction::Git(GitUpdate { from, remote, in_the_way, forward_only: forward_only?, depth }))
}

fn depth(entry: &TypedEntry<'_>, is_compared: bool, findings: &mut Findings<'_>) -> Option<u32> {
    let depth = value::integer(entry, DEPTHS, findings)?;
    if is_compared {
        let hint = "leave `depth` out";
        entry.wrong(findings, "`forward_only` needs the whole history, and `depth` cuts it off", hint);
        return None;
    }
    u32::try_from(depth).ok()
}

fn switch(table: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    value::word(entry, &[("current", ())], findings)?;
    if let Some(always) = table.get("always").filter(|always| always.as_bool() == Some(true)) {
        always.wrong(findings, "a switch must not run after a failed step", "leave `always` out");
        return None;
    }
    Some(StepAction::Switch)
}

/// Refuses what git would take for an option or for a transport that runs commands (gitremote-helpers(7)).
pub(super) fn clone_source(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let scheme = typed.split("::").next().unwrap_or_default();
    let helper = typed.contains("::") && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
    if typed.starts_with('-') || helper || typed.contains(char::is_control) {
        entry.wrong(findings, "git must not clone from here", "write a URL, `git@host:owner/name.git` or a path");
        return None;
    }
    Some(typed.to_owned())
}

fn remote(entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<String> {
    let typed = value::text(entry, findings)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    if typed.starts_with(['-', '.', '/']) || !typed.chars().all(allowed) || typed.contains("..") {
        let message = format!("`{}` is not the name of a remote", typed.escape_debug());
        entry.wrong(findings, message, "name it as `git remote` does; a URL goes into `from`");
        return None;
    }
    Some(typed.to_owned())
}

fn remove(_: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    path_below(entry, "as in `{ remove = \"dist\" }`", findings).map(StepAction::Remove)
}

fn publish(table: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    let from = path_below(entry, "as in `{ publish = \"dist\", to = \"/srv/www/docs\" }`", findings);
    let Some(to) = table.get("to") else {
        let hint = "add `to`, an absolute path, as in `{ publish = \"dist\", to = \"/srv/www/docs\" }`";
        entry.wrong(findings, "nothing says where this is published", hint);
        return None;
    };
    let target = value::absolute_path(&to, findings)?;
    if target.file_name().is_none() {
        to.wrong(findings, "nothing can take the place of `/`", "name a directory of its own");
        return None;
    }
    Some(StepAction::Publish(Publish { from: from?, to: target.components().collect() }))
}

/// A path below `dir`, and never `dir` itself.
pub(super) fn path_below(entry: &TypedEntry<'_>, hint: &str, findings: &mut Findings<'_>) -> Option<PathBuf> {
    let typed = value::text(entry, findings)?;
    let parts: Vec<_> = Path::new(typed).components().filter(|part| *part != Component::CurDir).collect();
    let key = &entry.key;
    let message = if typed.contains('*') {
        format!("`{key}` takes one path, not a glob")
    } else if parts.is_empty() {
        format!("`{key}` must not name the work directory itself")
    } else if !parts.iter().all(|part| matches!(part, Component::Normal(_))) {
        format!("`{key}` must be a path below `dir`, relative and without `..`")
    } else {
        return Some(parts.iter().collect());
    };
    entry.wrong(findings, message, hint);
    None
}

fn run(_: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    if let Some(typed) = entry.as_text() {
        let words: Vec<_> = typed.split_whitespace().map(|word| format!("{word:?}")).collect();
        let hint = format!("write `[{}]`, or `shell = …` for a command line", words.join(", "));
        entry.wrong(findings, "`run` must be an array of strings, not a string", hint);
        return None;
    }
    let list = value::filled_list(entry, "name the program and its arguments", findings)?;
    let program = list.first().and_then(|program| value::text(program, findings));
    let words: Vec<_> = list.iter().map(|element| value::any_text(element, findings)).collect();
    program?;
    let words: Option<Vec<_>> = words.into_iter().map(|word| word.map(str::to_owned)).collect();
    words.map(StepAction::Run)
}

fn shell(_: &Section<'_>, entry: &TypedEntry<'_>, findings: &mut Findings<'_>) -> Option<StepAction> {
    value::text(entry, findings).map(|command| StepAction::Shell(command.to_owned()))
}
