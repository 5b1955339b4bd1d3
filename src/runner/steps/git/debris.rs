//! Edge. Files that a git left behind which was cut short, and that no git ever uses again or removes.

use super::changes::path_of;
use super::command::Git;
use crate::runner::steps::attempt::Trouble;
use crate::system::holders::is_open;
use std::fs;
use std::path::{Path, PathBuf};

/// Beginnings of the names of files that a fetch writes before they are complete.
const UNFINISHED: [&str; 4] = ["tmp_pack_", "tmp_idx_", "tmp_rev_", "tmp_mtimes_"];
/// Key of a repository's configuration: what `from` was when hookspool made it.
pub(super) const MADE_FROM: &str = "hookspool.from";

/// Removes what fetches left in the directory `packs` of a repository that were cut short. What a live git writes is
/// open.
pub(super) fn clear_packs(packs: &Path) {
    for entry in fs::read_dir(packs).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_unfinished = UNFINISHED.iter().any(|begin| name.to_string_lossy().starts_with(begin));
        if is_unfinished && !is_open(&entry.path()) {
            let _still_there = fs::remove_file(entry.path());
        }
    }
}

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
