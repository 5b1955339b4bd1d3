//! Edge. The note in the repository that a checkout is under way.
//!
//! A checkout that is killed leaves files that git does not know of yet. By its note the next one tells them from files
//! of people.

use super::command::Git;
use crate::runner::steps::attempt::Trouble;
use crate::system::errno::words;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of a checkout's note in the git directory: `<commit> <commit of HEAD before>`.
const CHECKOUT: &str = "HOOKSPOOL_CHECKOUT";

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
