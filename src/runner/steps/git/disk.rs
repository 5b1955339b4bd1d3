//! Edge. Files of the work tree on the disk, beside what a commit has at their paths.

use super::changes::{Change, LINK};
use super::command::Git;
use super::command::Talk;
use crate::runner::steps::attempt::{Trouble, real};
use crate::runner::steps::output::{CALLER_LIMIT_BYTES, Sink};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// `true` if the disk has at the path of `change` what the commit has there.
pub(super) fn is_same(git: &mut Git<'_, '_>, change: &Change) -> Result<bool, Trouble> {
    let path = change.path.as_os_str();
    if let Ok(link) = fs::read_link(git.dir.join(path)) {
        let theirs = git.ask(&["cat-file", "blob", &change.object])?;
        return Ok(change.before == LINK && theirs.is_some_and(|theirs| OsStr::new(&theirs) == link));
    }
    let here = git.ask(&[OsStr::new("hash-object"), OsStr::new("--"), path])?;
    Ok(change.before != LINK && here.as_deref() == Some(&change.object))
}

/// `true` if the disk has at the path of `change` the beginning of what the commit has there.
pub(super) fn is_beginning(git: &mut Git<'_, '_>, change: &Change) -> Result<bool, Trouble> {
    let file = git.dir.join(&change.path);
    let is_short =
        fs::symlink_metadata(&file).is_ok_and(|found| found.is_file() && found.len() < CALLER_LIMIT_BYTES as u64);
    if !is_short {
        return Ok(false);
    }
    let here = fs::read(&file).unwrap_or_default();
    let whole = git.call(&["cat-file", "blob", &change.object], Talk::Local, Sink::Caller)?;
    Ok(whole.status.success() && whole.out.starts_with(&here))
}

/// `true` if a file or link is at `path` below `top`, and not at the other end of a link.
pub(super) fn has_file(top: &Path, path: &Path) -> bool {
    let place = top.join(path);
    let is_within = place.parent().is_some_and(|parent| real(parent) == parent);
    is_within && fs::symlink_metadata(&place).is_ok_and(|found| !found.is_dir())
}

/// Removes the directories that `file` was in below `top`, as far as they are empty.
pub(super) fn remove_empty_parents(top: &Path, file: &Path) {
    for parent in file.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
        if fs::remove_dir(top.join(parent)).is_err() {
            return;
        }
    }
}
