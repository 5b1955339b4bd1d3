//! Pure. Spool and work directories may not lie in one another: a step that cleans the one would take the other.

use super::section::Layers;
use crate::config::findings::Findings;
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
