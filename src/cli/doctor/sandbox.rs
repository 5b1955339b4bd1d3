//! Edge. The sandbox of receivers: what this kernel offers for it.

use super::finding::Finding;
use crate::config::{Config, SandboxMode};
use crate::system::landlock::{Barrier, Enforced, NoLandlock, offered};

/// Looks at the kernel by the words of `sandbox`.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    findings.push(match config.sandbox {
        SandboxMode::Off => switched_off(),
        mode => offered().map_or_else(|error| missing(mode, &error), there),
    });
}

fn there(enforced: Enforced) -> Finding {
    let gaps: Vec<_> = enforced.gaps().map(Barrier::name).collect();
    let gaps = if gaps.is_empty() { String::new() } else { format!("; by CGI it leaves {} open", gaps.join(" and ")) };
    Finding::ok(format!("receivers work in a sandbox: the kernel has Landlock {}{gaps}", enforced.version))
}

fn missing(mode: SandboxMode, error: &NoLandlock) -> Finding {
    let repair = "a later kernel; or set `sandbox = \"off\"` if that is as it should be";
    if mode == SandboxMode::Require {
        let what = format!("`sandbox = \"require\"` cannot be kept: {error}");
        return Finding::problem(what, "receivers refuse to start, and CGI answers 500", repair);
    }
    let why = "a receiver that somebody takes over may do all that its user may";
    Finding::warning(format!("receivers have no sandbox: {error}"), why, repair)
}

fn switched_off() -> Finding {
    let why = "a receiver that somebody takes over may do all that its user may";
    Finding::note("`sandbox = \"off\"`: receivers work without one", why)
}
