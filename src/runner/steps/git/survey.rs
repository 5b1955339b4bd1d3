//! Edge. A look at the files that are not git's and that a checkout would lose, before anything moves.
//!
//! `git checkout --force` removes whatever is in its way: files that git was never told of, ignored ones, and whole
//! directories. So each path that it would write is looked up on the disk first.

use super::changes::{ABSENT, Change, SUBMODULE};
use super::command::Git;
use super::disk::is_same;
use super::people::files_of_people;
use super::unfinished;
use crate::runner::steps::attempt::Trouble;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Everything that a checkout meets in one work tree. All paths are relative to its top.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Files and directories of people that would be lost.
    pub(super) in_the_way: BTreeSet<PathBuf>,
    /// Tracked files with local changes, which are overwritten.
    pub(super) changed_here: BTreeSet<PathBuf>,
    /// Files that were added and never committed: they stay, untracked.
    pub(super) added_here: BTreeSet<PathBuf>,
    /// Files marked `skip-worktree` that the commit changes.
    pub(super) unskipped: BTreeSet<PathBuf>,
    /// Submodules that the commit does not have any more, and that hold nothing of people's.
    pub(super) left_submodules: BTreeSet<PathBuf>,
}

/// Files that git wrote itself, and their directories.
#[derive(Debug, Default)]
struct Known {
    files: HashSet<PathBuf>,
    dirs: HashSet<PathBuf>,
}

impl Known {
    fn add(&mut self, path: &Path) {
        self.dirs.extend(path.ancestors().skip(1).map(Path::to_owned));
        self.files.insert(path.to_owned());
    }
}

/// Asks what a checkout of `commit` meets in the work tree of `git`.
pub(super) fn survey(git: &mut Git<'_, '_>, commit: &str) -> Result<Survey, Trouble> {
    restore_index(git)?;
    // Also notices changes of files that somebody marked `assume-unchanged`.
    git.refresh_index()?;
    let to_write = git.changes(&["diff-index", "--cached", commit])?;
    let mut local = git.changes(&["diff-files", "--ignore-submodules=all"])?;
    let mut staged = staged(git)?;
    let resumed = unfinished::paths(git)?;
    local.retain(|change| !resumed.contains(&change.path));
    staged.retain(|change| !resumed.contains(&change.path));

    let (added, changed): (Vec<Change>, Vec<Change>) = staged.into_iter().partition(|change| change.before == ABSENT);
    let added_here: BTreeSet<PathBuf> = added.into_iter().map(|change| change.path).collect();
    let changed_here = local.iter().chain(&changed).map(|change| &change.path);
    let changed_here = changed_here.filter(|path| !added_here.contains(*path)).cloned().collect();
    let mut survey = Survey { changed_here, added_here, ..Survey::default() };

    let mut known = Known::default();
    let is_gone = |change: &&Change| change.before == ABSENT && !survey.added_here.contains(&change.path);
    let gone = to_write.iter().filter(is_gone).map(|change| &change.path);
    for path in resumed.iter().chain(gone) {
        known.add(path);
    }

    look_at_new_paths(git, &to_write, &known, &mut survey)?;
    look_at_replaced_paths(git, &local, &known, &mut survey);
    look_at_skipped_paths(git, &to_write, &mut survey)?;
    look_at_left_submodules(git, &to_write, &mut survey)?;
    Ok(survey)
}

/// Without an index, which a person may have removed since it was damaged, every file would be one of people's.
fn restore_index(git: &mut Git<'_, '_>) -> Result<(), Trouble> {
    let is_missing = !git.git_dir()?.join("index").exists();
    if is_missing && git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.is_some() {
        git.run(&["read-tree", "HEAD"])?;
    }
    Ok(())
}

/// Changes that people made in the index. During a merge and its like the index holds git's own work.
fn staged(git: &mut Git<'_, '_>) -> Result<Vec<Change>, Trouble> {
    const UNDER_WAY: [&str; 5] = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];
    let git_dir = git.git_dir()?;
    let has_head = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.is_some();
    if !has_head || UNDER_WAY.iter().any(|name| git_dir.join(name).exists()) {
        return Ok(Vec::new());
    }
    let mut staged = git.changes(&["diff-index", "--cached", "HEAD"])?;
    staged.retain(|change| change.after != SUBMODULE && change.before != SUBMODULE);
    Ok(staged)
}

/// Paths of the commit that the index does not have.
fn look_at_new_paths(
    git: &mut Git<'_, '_>,
    to_write: &[Change],
    known: &Known,
    survey: &mut Survey,
) -> Result<(), Trouble> {
    for change in to_write {
        let is_new = change.after == ABSENT || survey.added_here.contains(&change.path);
        if change.before == ABSENT || change.is_unmerged || !is_new || known.files.contains(&change.path) {
            continue;
        }
        let found = obstacles(&git.dir, &change.path, change.before == SUBMODULE, known);
        if found == [change.path.clone()] && is_same(git, change)? {
            continue;
        }
        survey.in_the_way.extend(found);
    }
    Ok(())
}

/// Paths that are tracked, in whose place people put something else.
fn look_at_replaced_paths(git: &Git<'_, '_>, local: &[Change], known: &Known, survey: &mut Survey) {
    for change in local.iter().filter(|change| change.before != SUBMODULE && !known.files.contains(&change.path)) {
        let found = obstacles(&git.dir, &change.path, false, known);
        survey.in_the_way.extend(found.into_iter().filter(|path| *path != change.path));
    }
}

/// Tracked files that a person told git to leave alone.
fn look_at_skipped_paths(git: &mut Git<'_, '_>, to_write: &[Change], survey: &mut Survey) -> Result<(), Trouble> {
    let listed = git.list(&["ls-files", "-z", "-t"])?;
    let skipped: HashSet<&[u8]> = listed.iter().filter_map(|line| line.strip_prefix(b"S ")).collect();
    for change in to_write {
        let path = &change.path;
        if !skipped.contains(path.as_os_str().as_bytes()) || !exists(&git.dir.join(path)) {
            continue;
        }
        let here = git.ask(&[OsStr::new("hash-object"), OsStr::new("--"), path.as_os_str()])?;
        let of_index = git.list(&[OsStr::new("ls-files"), OsStr::new("-sz"), OsStr::new("--"), path.as_os_str()])?;
        let is_unchanged = of_index.iter().any(|line| here.as_ref().is_some_and(|here| contains(line, here)));
        if !is_unchanged {
            survey.in_the_way.insert(path.clone());
        }
        survey.unskipped.insert(path.clone());
    }
    Ok(())
}

/// Submodules that the commit does not have any more. One with files of people's stays where it is, unless the commit
/// needs the place.
fn look_at_left_submodules(git: &mut Git<'_, '_>, to_write: &[Change], survey: &mut Survey) -> Result<(), Trouble> {
    let is_left = |change: &&Change| change.after == SUBMODULE && change.before != SUBMODULE;
    for change in to_write.iter().filter(is_left) {
        let path = &change.path;
        if !git.dir.join(path).join(".git").exists() {
            continue;
        }
        let theirs = files_of_people(git, path)?;
        let is_needed =
            |other: &Change| other.before != ABSENT && (other.path.starts_with(path) || path.starts_with(&other.path));
        if theirs.is_empty() {
            survey.left_submodules.insert(path.clone());
        } else if to_write.iter().any(is_needed) {
            survey.in_the_way.extend(theirs);
        }
    }
    Ok(())
}

/// Obstacles to writing `path`, other than what is `known`; `as_submodule`: as a directory.
fn obstacles(top: &Path, path: &Path, as_submodule: bool, known: &Known) -> Vec<PathBuf> {
    let mut parents: Vec<&Path> = path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
    parents.reverse();
    for parent in parents {
        match fs::symlink_metadata(top.join(parent)) {
            Ok(found) if found.is_dir() => {}
            Ok(_) if !known.files.contains(parent) => return vec![parent.to_owned()],
            _ => return Vec::new(),
        }
    }
    match fs::symlink_metadata(top.join(path)) {
        Ok(found) if !found.is_dir() => vec![path.to_owned()],
        Ok(_) if as_submodule && exists(&top.join(path).join(".git")) => Vec::new(),
        Ok(_) => unknown_below(top, path, known),
        Err(_) => Vec::new(),
    }
}

/// The content of a directory that is not `known`, in as few paths as say it. Empty directories are nothing.
fn unknown_below(top: &Path, dir: &Path, known: &Known) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(top.join(dir)) else { return vec![dir.to_owned()] };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = dir.join(entry.file_name());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if known.files.contains(&path) {
            // Of a submodule, too, which is looked at by itself.
        } else if is_dir {
            let below = unknown_below(top, &path, known);
            let is_theirs = !below.is_empty() && !known.dirs.contains(&path);
            found.extend(if is_theirs { vec![path] } else { below });
        } else {
            found.push(path);
        }
    }
    found
}

fn contains(line: &[u8], object: &str) -> bool {
    line.split(|&b| b == b' ').any(|word| word == object.as_bytes())
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
