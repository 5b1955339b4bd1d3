//! Edge. Ballast: space that is given back to the disk once when it is full, so that a job still fits.

use super::{Access, Disk, Io, Place, SHARED_MODE};
use crate::spool::error::is_full;
use rustix::io::Errno;
use std::ffi::OsStr;

/// Its size while it is whole.
pub(in crate::spool) const RESERVE_BYTES: usize = 1024 * 1024;
/// The reserve is made again when this many times its size is free.
const ROOM: u64 = 8;

fn name() -> &'static OsStr {
    OsStr::new("reserve")
}

/// Does `attempt`; if the disk is full, gives the reserve back and does it once more.
pub(in crate::spool) fn with_reserve<D: Disk, T>(disk: &D, mut attempt: impl FnMut() -> Io<T>) -> Io<T> {
    match attempt() {
        Err(errno) if is_full(errno) && release(disk) => attempt(),
        result => result,
    }
}

/// Gives the space back. Receivers may not unlink in the root, so the file is emptied; the flush makes ext4 and xfs
/// really free the blocks. `false`: there was nothing to give.
fn release<D: Disk>(disk: &D) -> bool {
    let Ok(file) = disk.open(Place::Root, name(), Access::Write) else { return false };
    let whole = disk.facts(&file).is_ok_and(|facts| facts.size > 0);
    let released = whole && disk.truncate(&file, 0).is_ok();
    if released {
        let _ = disk.flush(&file);
    }
    released
}

/// Makes the reserve whole if it is not, and if there is plenty of space. Says whether it is whole.
pub(in crate::spool) fn refill<D: Disk>(disk: &D) -> Io<bool> {
    let file = match disk.open(Place::Root, name(), Access::Write) {
        Err(Errno::NOENT) => disk.create(Place::Root, name(), SHARED_MODE)?,
        other => other?,
    };
    if disk.facts(&file)?.size >= RESERVE_BYTES as u64 {
        return Ok(true);
    }
    if disk.free_bytes()? < ROOM * RESERVE_BYTES as u64 {
        return Ok(false);
    }
    let written = disk.write_all_at(&file, &ballast(), 0).and_then(|()| disk.flush(&file));
    match written {
        Err(errno) if is_full(errno) => disk.truncate(&file, 0).map(|()| false),
        other => other.map(|()| true),
    }
}

/// Bytes that a compressing file system cannot make small (xorshift, fixed seed).
fn ballast() -> Vec<u8> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..RESERVE_BYTES / 8).flat_map(|_| next()).collect()
}
