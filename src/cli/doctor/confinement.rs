//! Edge. The boxes of confined steps: whether this kernel has them, and whether what they are given is there.

use super::finding::Finding;
use crate::config::{BoxPath, Config, Confine, Hook};
use crate::runner::steps::unheld;
use crate::system::landlock::{NoLandlock, offered};
use crate::system::users;
use std::path::PathBuf;

/// Looks at every hook with confined steps.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let confined: Vec<&Hook> = config.hooks.iter().filter(|hook| hook.plan.boxes().next().is_some()).collect();
    if confined.is_empty() {
        return;
    }
    match offered() {
        Ok(enforced) => {
            let gaps = unheld(enforced);
            findings.push(Finding::ok(format!("confined steps: Landlock {}", enforced.version)));
            findings.extend((!gaps.is_empty()).then(|| of_gaps(enforced.version, &gaps.join(", "))));
        }
        Err(error) => findings.extend(confined.iter().map(|hook| of_absence(hook, &error).of(&hook.name))),
    }
    findings.extend(confined.iter().flat_map(|hook| absent(hook)));
}

fn of_gaps(version: u32, gaps: &str) -> Finding {
    let what = format!("Landlock {version} of this kernel does not hold {gaps}");
    Finding::warning(what, "a confined step could still do these to others' files and processes", "a newer kernel does")
}

fn of_absence(hook: &Hook, error: &NoLandlock) -> Finding {
    let what = format!("there is no box for confined steps: {error}");
    if hook.plan.boxes().all(|confine| confine.runs_without) {
        return Finding::warning(what, "they run without one (`fallback`)", "start a kernel that has it");
    }
    Finding::problem(what, "jobs of this hook are held", "start a kernel that has it, or write `fallback = \"run\"`")
}

/// Paths of `read` and `write` that are not there: the step would be refused.
fn absent(hook: &Hook) -> Vec<Finding> {
    let home = users::current().map_or_else(|| PathBuf::from("/nonexistent"), |user| user.home.into());
    let named = hook.plan.boxes().flat_map(|Confine { read, write, .. }| read.iter().chain(write));
    let mut missing: Vec<&BoxPath> = named.filter(|path| !path.within(&home).exists()).collect();
    missing.dedup();
    let finding = |path: &BoxPath| {
        let what = format!("`{path}` of `confine` is not there, or out of this user's reach");
        Finding::problem(what, "the step is refused", "make it, or take it out").of(&hook.name)
    };
    missing.into_iter().map(finding).collect()
}
