//! Edge. The environment of a confined step.

use super::super::attempt::Attempt;
use super::places::OwnPlaces;
use crate::config::Step;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Variables of the server that lead out of the box.
const LEADING_OUT: [&str; 2] = ["XDG_RUNTIME_DIR", "GIT_SSH_COMMAND"];

/// The environment of the box. What the configuration sets by name stays as it is.
pub(super) fn settle_in(attempt: &mut Attempt<'_>, step: &Step, own: &OwnPlaces, seen: &[PathBuf]) {
    let is_set = |name: &str| attempt.plan.env.iter().chain(&step.env).any(|variable| variable.name == name);
    let (home, scratch, path) = (!is_set("HOME"), !is_set("TMPDIR"), !is_set("PATH"));
    let leading_out: Vec<&str> = LEADING_OUT.into_iter().filter(|name| !is_set(name)).collect();
    let environment = &mut attempt.environment;
    for name in leading_out {
        environment.unset(name);
    }
    if home {
        environment.set("HOME", &own.home);
    }
    if scratch {
        environment.set("TMPDIR", &own.scratch);
    }
    if path {
        let reached = reached_path(environment.get("PATH").unwrap_or_default(), own, seen);
        environment.set("PATH", reached);
    }
}

/// The entries of a search path that lie in the box: from another one no program starts.
fn reached_path(path: &OsStr, own: &OwnPlaces, seen: &[PathBuf]) -> OsString {
    let open: Vec<&PathBuf> = seen.iter().chain(&own.written).chain([&own.home]).collect();
    let is_open = |entry: &PathBuf| {
        let real = entry.canonicalize().ok();
        real.is_some_and(|real| open.iter().any(|tree| real.starts_with(tree)))
    };
    std::env::join_paths(std::env::split_paths(path).filter(is_open)).unwrap_or_default()
}
