//! Edge. Files of people in a submodule.

use super::changes::path_of;
use super::command::Git;
use crate::runner::steps::attempt::{Trouble, real};
use std::path::{Path, PathBuf};

/// Files of people in the submodule at `path`, and in those below it, relative to the work tree of `git`.
pub(super) fn files_of_people(git: &mut Git<'_, '_>, path: &Path) -> Result<Vec<PathBuf>, Trouble> {
    if !is_there(git, path) {
        return Ok(Vec::new());
    }
    let found = git.within(path, |git| {
        let mut found = untracked(git)?;
        for line in git.list(&["ls-files", "-z", "--stage"])? {
            let Some(inner) = line.strip_prefix(b"160000 ").and_then(|rest| rest.splitn(2, |&b| b == b'\t').nth(1))
            else {
                continue;
            };
            found.extend(files_of_people(git, &path_of(inner))?);
        }
        Ok::<_, Trouble>(found)
    })?;
    Ok(found.into_iter().map(|file| path.join(file)).collect())
}

/// `true` if a repository of its own is at `path`, and not at the other end of a link.
pub(super) fn is_there(git: &Git<'_, '_>, path: &Path) -> bool {
    let place = git.dir.join(path);
    real(&place) == place && place.join(".git").exists()
}

/// Files that nobody told git of, relative to the top of the work tree; whole directories where nothing is tracked.
fn untracked(git: &mut Git<'_, '_>) -> Result<Vec<PathBuf>, Trouble> {
    let listed = git.list(&["ls-files", "-z", "--others", "--directory", "--no-empty-directory"])?;
    Ok(listed.iter().map(|path| path_of(path)).collect())
}
