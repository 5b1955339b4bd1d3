//! Edge. First clones that were not finished: of the repository, and of its submodules.

use super::changes::{is_within, path_of};
use super::command::Git;
use super::disk::{has_file, remove_empty_parents};
use crate::runner::steps::attempt::Trouble;
use std::ffi::OsString;
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
    for file in files.iter().filter(|file| is_within(file)) {
        let _was_not_written = fs::remove_file(git.dir.join(file));
        remove_empty_parents(&git.dir, file);
    }
    let _half_gone = fs::remove_dir_all(git.repository());
    git.note("removed the half clone");
    Ok(())
}

/// Removes the repository of the submodule `name` at `path` if its first clone was killed, since git goes on with none.
/// Nobody has worked in one that has neither a commit checked out nor a branch.
pub(super) fn remove_half_submodule(git: &mut Git<'_, '_>, name: &str, path: &Path) -> Result<(), Trouble> {
    let repository = git.common_dir()?.join("modules").join(name);
    let head = fs::read(repository.join("HEAD")).unwrap_or_default();
    let is_at_commit = !head.is_empty() && head.trim_ascii_end().iter().all(u8::is_ascii_hexdigit);
    if !repository.is_dir() || is_at_commit || !is_without_work(git, &repository)? {
        return Ok(());
    }
    let _is_elsewhere = fs::remove_dir_all(&repository);
    if has_file(&git.dir, &path.join(".git")) {
        let _gone_meanwhile = fs::remove_file(git.dir.join(path).join(".git"));
    }
    git.note(&format!("removed the half clone of submodule `{}`", path.display()));
    Ok(())
}

/// `true` if a repository has no commit checked out, no branch and no stash.
fn is_without_work(git: &mut Git<'_, '_>, repository: &Path) -> Result<bool, Trouble> {
    let mut of_it = OsString::from("--git-dir=");
    of_it.push(repository);
    let mut ask = |words: &[&str]| {
        let words = words.iter().map(OsString::from);
        git.ask(&std::iter::once(of_it.clone()).chain(words).collect::<Vec<_>>())
    };
    if ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.is_some() {
        return Ok(false);
    }
    if let Some(names) = ask(&["for-each-ref", "refs/heads", "refs/stash"])? {
        return Ok(names.is_empty());
    }
    // No repository yet.
    let has_branch = fs::read_dir(repository.join("refs/heads")).is_ok_and(|mut found| found.next().is_some());
    Ok(!has_branch && !repository.join("packed-refs").exists())
}
