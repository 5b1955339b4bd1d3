//! Pure. Spool and work directories may not lie in one another: a step that cleans the one would take the other. And the
//! jobs of one work directory may not run side by side.

use super::section::Layers;
use crate::config::findings::Findings;
use crate::config::settings::Hook;
use std::path::Path;

/// Reports each `dir` that holds the spool, is it, or lies in it.
pub(super) fn apart(spool: Option<&Path>, hooks: &[Layers<'_>], findings: &mut Findings<'_>) {
    let Some(spool) = spool else { return };
    for entry in hooks.iter().filter_map(|layers| layers.get("dir")) {
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
