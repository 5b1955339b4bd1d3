//! Edge. Moves that replace nothing.

use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, statat};
use rustix::io::{Errno, retry_on_intr};
use std::os::fd::BorrowedFd;
use std::path::Path;

/// A directory, and a path below it.
type PathAt<'a> = (BorrowedFd<'a>, &'a Path);

/// Renames `from` to `to`, which must not exist: `RENAME_NOREPLACE` of renameat2(2).
///
/// Without the call (kernels before 3.15) or the flag (XFS before 4.0) a look comes first. What is put there between
/// the two would be replaced: callers have names that nobody else makes.
pub fn rename_to_new(from: PathAt<'_>, to: PathAt<'_>) -> Result<(), Errno> {
    match retry_on_intr(|| renameat_with(from.0, from.1, to.0, to.1, RenameFlags::NOREPLACE)) {
        Err(Errno::NOSYS | Errno::INVAL) => {}
        other => return other,
    }
    if exists(from)? && exists(to)? {
        return Err(Errno::EXIST);
    }
    retry_on_intr(|| renameat(from.0, from.1, to.0, to.1))
}

fn exists((dir, name): PathAt<'_>) -> Result<bool, Errno> {
    match retry_on_intr(|| statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(errno) => Err(errno),
    }
}
