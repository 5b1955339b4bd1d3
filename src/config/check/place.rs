//! Pure. Spool, work directories and published ones may not lie in one another: a step that cleans or replaces the one
//! would take the other. So for the page. And the jobs of one work directory may not run side by side.

use super::section::Layers;
use crate::config::findings::Findings;
use crate::config::keys::Table;
use crate::config::raw::TypedEntry;
use crate::config::settings::Hook;
use std::path::{Path, PathBuf};

/// Settings that are lists of steps.
const STEP_LISTS: [&str; 5] = ["steps", "on_failure", "on_success", "on_recovery", "always"];

/// Reports each `dir` that holds the spool, is it, or lies in it.
pub(super) fn apart(spool: Option<&Path>, hooks: &[Layers<'_>], findings: &mut Findings<'_>) {
    let Some(spool) = spool else { return };
    let has_dir = |layers: &&Layers<'_>| layers.own.get("releases").is_none();
    for entry in hooks.iter().filter(has_dir).filter_map(|layers| layers.get("dir")) {
        let Some(dir) = entry.as_text().map(Path::new) else { continue };
        let message = if spool.starts_with(dir) {
            "the spool lies in this `dir`, where a step could destroy it"
        } else if dir.starts_with(spool) {
            "this `dir` lies in the spool"
        } else {
            continue;
        };
        entry.wrong(findings, message, format!("keep it apart from `{}`", spool.display()));
    }
    for layers in hooks {
        published(spool, layers, findings);
        released(spool, layers, findings);
    }
}

/// Reports a page in the spool or around it, or one that a step would replace.
pub(super) fn page_apart(
    page: &Path,
    entry: &TypedEntry<'_>,
    spool: &Path,
    hooks: &[Layers<'_>],
    findings: &mut Findings<'_>,
) {
    if page.starts_with(spool) || spool.starts_with(page) {
        let message = "the page and the spool lie in one another: a web server would hand out the spool";
        return entry.wrong(findings, message, format!("keep it apart from `{}`", spool.display()));
    }
    let targets = hooks.iter().flat_map(targets).filter_map(|entry| entry.as_text().map(PathBuf::from));
    if let Some(to) = targets.into_iter().find(|to| page.starts_with(to)) {
        let message = format!("a step publishes `{}`, and would replace the page that lies in it", to.display());
        entry.wrong(findings, message, "write it to a directory of its own");
    }
}

/// Each `to` of a hook.
fn targets<'a>(layers: &Layers<'a>) -> Vec<TypedEntry<'a>> {
    let steps = STEP_LISTS.iter().filter_map(|key| layers.get(key)?.as_list()).flatten();
    steps.filter_map(|step| step.as_section(Table::Step)?.get("to")).collect()
}

/// Reports releases that the spool lies in, or that lie in it.
fn released(spool: &Path, layers: &Layers<'_>, findings: &mut Findings<'_>) {
    let Some(entry) = releases_dir(layers) else { return };
    let dir = Path::new(entry.as_text().unwrap_or_default());
    if dir.is_absolute() && (spool.starts_with(dir) || dir.starts_with(spool)) {
        let hint = format!("keep it apart from `{}`", spool.display());
        entry.wrong(findings, "the releases and the spool lie in one another", hint);
    }
}

/// Reports hooks whose releases lie in one another: each would remove the other's, and switch what is not its own.
pub(super) fn own_releases(hooks: &[Layers<'_>], findings: &mut Findings<'_>) {
    let dirs: Vec<_> = hooks.iter().map(releases_dir).collect();
    let path = |entry: &TypedEntry<'_>| PathBuf::from(entry.as_text().unwrap_or_default());
    for (index, entry) in dirs.iter().enumerate().filter_map(|(index, entry)| Some((index, entry.as_ref()?))) {
        let dir = path(entry);
        let is_around = |other: &&TypedEntry<'_>| path(other).starts_with(&dir) || dir.starts_with(path(other));
        if let Some(other) = dirs[..index].iter().flatten().find(is_around) {
            let line = findings.line_of(other.span().start);
            let hint = format!("the other is on line {line}: give each a directory of its own");
            entry.wrong(findings, "the releases of two hooks lie in one another", hint);
        }
    }
}

fn releases_dir<'a>(layers: &Layers<'a>) -> Option<TypedEntry<'a>> {
    layers.own.get("releases")?.as_section(Table::Releases)?.get("dir")
}

/// Reports each `to` that the spool or the work directory would vanish with.
fn published(spool: &Path, layers: &Layers<'_>, findings: &mut Findings<'_>) {
    let dir = layers.get("dir").and_then(|entry| entry.as_text().map(PathBuf::from));
    for entry in targets(layers) {
        let Some(to) = entry.as_text().map(Path::new).filter(|to| to.file_name().is_some()) else { continue };
        let message = if spool.starts_with(to) || to.starts_with(spool) {
            "`to` and the spool lie in one another"
        } else if dir.as_deref().is_some_and(|dir| dir.starts_with(to)) {
            "the work directory lies in `to`, and would be replaced with it"
        } else {
            continue;
        };
        entry.wrong(findings, message, "publish into a directory of its own");
    }
}

/// Reports hooks that share a `dir` and not a `queue`, where queues run side by side.
pub(super) fn one_queue(hooks: &[Hook], layers: &[Layers<'_>], workers: usize, findings: &mut Findings<'_>) {
    if workers < 2 {
        return;
    }
    for (index, (hook, layers)) in hooks.iter().zip(layers).enumerate() {
        let is_beside = |other: &&Hook| other.plan.queue != hook.plan.queue && other.plan.dir == hook.plan.dir;
        let (Some(other), Some(entry)) = (hooks[..index].iter().find(is_beside), layers.get("dir")) else { continue };
        let message = format!(
            "hooks `{}` and `{}` work in one `dir`, and their queues run side by side (`workers = {workers}`)",
            other.name, hook.name
        );
        entry.wrong(findings, message, format!("give both the same queue: `queue = \"{}\"`", other.plan.queue));
    }
}
