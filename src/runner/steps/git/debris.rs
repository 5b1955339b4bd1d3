//! Edge. A first clone that the disk had no room for.

use super::changes::path_of;
use super::command::Git;
use crate::runner::steps::attempt::Trouble;
use std::fs;
use std::path::{Path, PathBuf};

/// Key of a repository's configuration: what `from` was when hookspool made it.
pub(super) const MADE_FROM: &str = "hookspool.from";

/// Removes a first clone for which the disk had no room: of half a repository nothing is of use, and it takes the room
/// of the next try. `is_new`: this attempt made it; `commit` is what was being checked out into the empty directory.
pub(super) fn remove_half_clone(git: &mut Git<'_, '_>, is_new: bool, commit: Option<&str>) -> Result<(), Trouble> {
    let is_ours = is_new || git.ask(&["config", "--get", MADE_FROM])?.is_some();
    if !is_ours || git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.is_some() {
        return Ok(());
    }
    let files = match commit {
        Some(commit) => git.list(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])?,
        None => Vec::new(),
    };
    let files: Vec<PathBuf> = files.iter().map(|file| path_of(file)).collect();
    for file in &files {
        let _was_not_written = fs::remove_file(git.dir.join(file));
        remove_empty_parents(&git.dir, file);
    }
    let _half_gone = fs::remove_dir_all(git.dir.join(".git"));
    git.note("removed the half clone");
    Ok(())
}

fn remove_empty_parents(top: &Path, file: &Path) {
    for parent in file.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
        if fs::remove_dir(top.join(parent)).is_err() {
            return;
        }
    }
}
