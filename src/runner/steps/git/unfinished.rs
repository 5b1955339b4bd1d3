//! Edge. The note in the repository that a checkout is under way.
//!
//! A checkout that is killed leaves files that git does not know of yet. By its note the next one tells them from files
//! of people, and removes those that it does not need itself.

use super::changes::{ABSENT, Change, SUBMODULE, path_of};
use super::command::Git;
use super::disk::{has_file, is_beginning, is_same, remove_empty_parents};
use crate::runner::steps::attempt::Trouble;
use crate::system::errno::words;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of a checkout's note in the git directory. Its lines are `<commit> <commit of HEAD before>`, one for each
/// checkout that was cut short since the last one that was not, and for the one under way.
const CHECKOUT: &str = "HOOKSPOOL_CHECKOUT";

/// Paths that checkouts were to write or remove which were cut short, as far as they differ from the index.
pub(super) fn paths(git: &mut Git<'_, '_>) -> Result<HashSet<PathBuf>, Trouble> {
    Ok(changes(git)?.into_iter().map(|change| change.path).collect())
}

/// The same as differences from the commits of those checkouts to the index.
fn changes(git: &mut Git<'_, '_>) -> Result<Vec<Change>, Trouble> {
    let mut changes = Vec::new();
    for (commit, _) in checkouts(git)? {
        changes.extend(git.changes(&["diff-index", "--cached", &commit])?);
    }
    Ok(changes)
}

/// The checkouts of the note: their commits, and those of HEAD before. Since HEAD moved elsewhere, they are none that
/// anybody could resume.
fn checkouts(git: &mut Git<'_, '_>) -> Result<Vec<(String, String)>, Trouble> {
    let Ok(note) = fs::read_to_string(git.git_dir()?.join(CHECKOUT)) else { return Ok(Vec::new()) };
    let is_hex = |commit: &str| !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_hexdigit());
    let lines = note.lines().filter_map(|line| line.split_once(' ')).filter(|(commit, _)| is_hex(commit));
    let lines: Vec<(String, String)> = lines.map(|(commit, before)| (commit.to_owned(), before.to_owned())).collect();
    let head = head(git)?;
    if !lines.iter().any(|(commit, before)| *before == head || *commit == head) {
        return Ok(Vec::new());
    }
    let mut here = Vec::new();
    for line in lines {
        if git.has_commit(&line.0)? {
            here.push(line);
        }
    }
    Ok(here)
}

/// Runs `check_out`, which moves the work tree to `commit`, under a note that stays if it is cut short.
pub(super) fn noted<'a, 'b>(
    git: &mut Git<'a, 'b>,
    commit: &str,
    check_out: impl FnOnce(&mut Git<'a, 'b>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let note = git.git_dir()?.join(CHECKOUT);
    let cannot = |error| Trouble::refused(format!("cannot write `{}`: {}", note.display(), words(&error)));
    let (begun, mut checkouts) = (changes(git)?, checkouts(git)?);
    checkouts.retain(|(begun, _)| begun != commit);
    checkouts.push((commit.to_owned(), head(git)?));
    let lines: Vec<String> = checkouts.iter().map(|(commit, before)| format!("{commit} {before}\n")).collect();
    write(&note, &lines.concat()).map_err(cannot)?;
    check_out(git)?;
    remove_begun(git, &begun)?;
    fs::remove_file(&note).map_err(cannot)
}

/// Removes the note from the directory of a submodule's own files: what it tells of is not in the work tree any more.
pub(super) fn forget(git_dir: &Path) {
    let _there_was_none = fs::remove_file(git_dir.join(CHECKOUT));
}

/// Writes the note: it is there as a whole, or as it was.
fn write(note: &Path, text: &str) -> std::io::Result<()> {
    let new = note.with_extension("new");
    fs::write(&new, text)?;
    fs::rename(&new, note)
}

/// Removes what the checkouts wrote that were cut short, as far as it is not of the commit that the work tree is at.
fn remove_begun(git: &mut Git<'_, '_>, begun: &[Change]) -> Result<(), Trouble> {
    if begun.is_empty() {
        return Ok(());
    }
    let tracked: HashSet<PathBuf> = git.list(&["ls-files", "-z"])?.iter().map(|path| path_of(path)).collect();
    let is_ours = |change: &&Change| change.before != ABSENT && change.before != SUBMODULE;
    for change in begun.iter().filter(is_ours).filter(|change| !tracked.contains(&change.path)) {
        if has_file(&git.dir, &change.path) && (is_same(git, change)? || is_beginning(git, change)?) {
            let _gone_meanwhile = fs::remove_file(git.dir.join(&change.path));
            remove_empty_parents(&git.dir, &change.path);
        }
    }
    Ok(())
}

fn head(git: &mut Git<'_, '_>) -> Result<String, Trouble> {
    Ok(git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.unwrap_or_else(|| "none".to_owned()))
}
