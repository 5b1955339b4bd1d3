//! Edge. Notes in the repository of what is under way.
//!
//! A checkout that is killed leaves files that git does not know of yet. By its note the next one tells them from files
//! of people. And any git that is killed may leave a lock: by the note of an update, which stays when one is cut short,
//! its own locks are told from those of others.

use super::command::Git;
use crate::runner::steps::attempt::Trouble;
use crate::system::errno::words;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Name of a checkout's note in the git directory: `<commit> <commit of HEAD before>`.
const CHECKOUT: &str = "HOOKSPOOL_CHECKOUT";
/// Name of an update's note in the git directory, which is empty.
const UPDATE: &str = "HOOKSPOOL_UPDATE";

/// The note of an update under way.
#[derive(Debug)]
pub(super) struct UpdateNote {
    file: PathBuf,
    /// Begin of an earlier update that was cut short.
    cut_since: Option<SystemTime>,
    began: SystemTime,
}

impl UpdateNote {
    /// Leaves the note in `git_dir`, where it can be left; one that is there keeps its time.
    pub(super) fn leave(git_dir: &Path) -> Self {
        let file = git_dir.join(UPDATE);
        let cut_since = file.metadata().and_then(|found| found.modified()).ok();
        if cut_since.is_none() {
            let _not_ours_to_write = fs::write(&file, "");
        }
        Self { file, cut_since, began: SystemTime::now() }
    }

    /// Takes the note away: nothing was cut short.
    pub(super) fn take_away(&self) {
        let _was_not_left = fs::remove_file(&self.file);
    }

    /// `true` if `lock` was made while an update ran that was cut short.
    pub(super) fn explains(&self, lock: &Path) -> bool {
        let made = lock.metadata().and_then(|found| found.modified());
        made.is_ok_and(|made| self.cut_since.is_some_and(|since| since <= made) && made <= self.began)
    }
}

/// Paths that a checkout was to write or remove which was cut short, as far as they differ from the index.
pub(super) fn paths(git: &mut Git<'_, '_>) -> Result<HashSet<PathBuf>, Trouble> {
    let Ok(note) = fs::read_to_string(git.git_dir()?.join(CHECKOUT)) else { return Ok(HashSet::new()) };
    let Some((commit, before)) = note.trim_end().split_once(' ') else { return Ok(HashSet::new()) };
    let is_hex = !commit.is_empty() && commit.bytes().all(|b| b.is_ascii_hexdigit());
    // Since HEAD moved, the note is of no checkout that anybody could resume.
    if !is_hex || head(git)? != before || !git.has_commit(commit)? {
        return Ok(HashSet::new());
    }
    Ok(git.changes(&["diff-index", "--cached", commit])?.into_iter().map(|change| change.path).collect())
}

/// Runs `check_out`, which moves the work tree to `commit`, under a note that stays if it is cut short.
pub(super) fn noted<'a, 'b>(
    git: &mut Git<'a, 'b>,
    commit: &str,
    check_out: impl FnOnce(&mut Git<'a, 'b>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let note = git.git_dir()?.join(CHECKOUT);
    let cannot = |path: &Path, error| Trouble::refused(format!("cannot write `{}`: {}", path.display(), words(&error)));
    fs::write(&note, format!("{commit} {}\n", head(git)?)).map_err(|error| cannot(&note, error))?;
    check_out(git)?;
    fs::remove_file(&note).map_err(|error| cannot(&note, error))
}

fn head(git: &mut Git<'_, '_>) -> Result<String, Trouble> {
    Ok(git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?.unwrap_or_else(|| "none".to_owned()))
}
