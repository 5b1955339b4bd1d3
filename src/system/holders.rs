//! Edge. The keepers of a file: which live process may be behind a lock file.

use super::table;
use std::fs;
use std::path::Path;

/// A process that has `file` open, or is a git that works below `dir`; its id. Other users' processes cannot be seen
/// into, except by root.
pub fn holder(file: &Path, dir: &Path) -> Option<i32> {
    others().find(|&pid| has_open(pid, file) || is_git_in(pid, dir))
}

/// `true` if another process has `file` open.
pub fn is_open(file: &Path) -> bool {
    others().any(|pid| has_open(pid, file))
}

/// The live processes but this one.
fn others() -> impl Iterator<Item = i32> {
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let all = table::processes().unwrap_or_default().into_iter();
    all.filter(move |process| process.pid != me && process.is_alive()).map(|process| process.pid)
}

fn has_open(pid: i32, file: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == file))
}

fn is_git_in(pid: i32, dir: &Path) -> bool {
    let is_git = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("git"));
    is_git && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
}
