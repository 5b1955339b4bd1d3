//! Edge. A directory that was moved away or replaced goes on taking files that nobody will look for: its path counts,
//! not what is held open.

use super::{Disk, Place};
use crate::spool::error::SpoolError;
use std::ffi::OsStr;

/// An error if the path of one of `places` no longer leads to the directory that is held open.
pub(in crate::spool) fn check<D: Disk>(disk: &D, places: &[Place]) -> Result<(), SpoolError> {
    for &place in places {
        let path = || disk.path(place, OsStr::new(""));
        if !disk.is_in_place(place).map_err(|errno| SpoolError::call("look at", path(), errno))? {
            return Err(SpoolError::Replaced { path: path() });
        }
    }
    Ok(())
}
