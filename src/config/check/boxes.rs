//! Pure. Places that a confined step is given may not hold what it must not reach.

use super::section::Layers;
use crate::config::closed::Clash;
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::TypedEntry;
use crate::config::settings::{Config, Hook, StepAction, WhenNewer};
use std::path::Path;

/// Settings that are lists of steps.
const STEP_LISTS: [&str; 5] = ["steps", "on_failure", "on_success", "on_recovery", "always"];

/// Reports each place of a hook with confined steps that holds a secret, the configuration or the spool, or lies there.
/// Links may lead elsewhere than the names say: the runner looks again.
pub(super) fn apart(config: &Config, layers: &[Layers<'_>], findings: &mut Findings<'_>) {
    for (hook, layers) in config.hooks.iter().zip(layers).filter(|(hook, _)| hook.plan.boxes().next().is_some()) {
        restarting(hook, layers, findings);
        side_by_side(hook, layers, findings);
        let dir = layers.get("dir").filter(|_| hook.plan.releases.is_none());
        let places = dir.into_iter().map(|dir| (dir, false)).chain(named(layers));
        for (entry, may_hold) in places.collect::<Vec<_>>() {
            clash(config, hook, &entry, may_hold, findings);
        }
    }
}

/// A tree that is only read is opened around what it holds.
fn clash(config: &Config, hook: &Hook, entry: &TypedEntry<'_>, may_hold: bool, findings: &mut Findings<'_>) {
    let Some(place) = entry.as_text().map(Path::new) else { return };
    let closed = config.closed_to(hook);
    let message = match closed.clash(place) {
        Some(Clash::Holds(held)) if held == place => String::new(),
        Some(Clash::Holds(held)) if !may_hold => format!(": it holds `{}`", held.display()),
        Some(Clash::LiesIn(closed)) => format!(": it lies in `{}`", closed.display()),
        _ => return,
    };
    let hint = "keep secrets, configuration and spool apart from what a confined step reaches";
    entry.wrong(findings, format!("a confined step must not reach this{message}"), hint);
}

/// The elements of `read` and `write`, of the hook and of its steps; `true` for what is only read.
fn named<'a>(layers: &Layers<'a>) -> Vec<(TypedEntry<'a>, bool)> {
    let steps = STEP_LISTS.iter().filter_map(|key| layers.get(key)?.as_list()).flatten();
    let of_steps = steps.filter_map(|step| step.as_section(Table::Step)?.get("confine"));
    let boxes = layers.get("confine").into_iter().chain(of_steps).filter_map(|entry| entry.as_section(Table::Confine));
    let mut found = Vec::new();
    for own in boxes {
        for (key, is_read) in [("read", true), ("write", false)] {
            let elements = own.get(key).and_then(|entry| entry.as_list()).unwrap_or_default();
            found.extend(elements.into_iter().map(|element| (element, is_read)));
        }
    }
    found
}

/// Reports the step that restarts the runner from a box: it would reach neither the runner nor its service manager.
fn restarting(hook: &Hook, layers: &Layers<'_>, findings: &mut Findings<'_>) {
    let is_confined = hook.plan.steps.iter().any(|step| step.restarts_runner && hook.plan.box_of(step).is_some());
    let elements = layers.get("steps").and_then(|entry| entry.as_list()).unwrap_or_default();
    if let Some(entry) = elements.last().filter(|_| is_confined) {
        entry.wrong(findings, "from its box this step cannot restart the runner", "add `confine = false` to it");
    }
}

/// Reports jobs that run beside each other in one work tree: the git of one would meet what a confined step of another
/// does to the repository meanwhile.
fn side_by_side(hook: &Hook, layers: &Layers<'_>, findings: &mut Findings<'_>) {
    let has_git = hook.plan.steps.iter().any(|step| matches!(step.action, StepAction::Git(_)));
    if let Some(entry) = layers.get("when_newer").filter(|_| has_git && hook.plan.when_newer == WhenNewer::Parallel) {
        let message = "with confined steps, jobs that update one work tree must not run side by side";
        entry.wrong(findings, message, "choose another word");
    }
}
