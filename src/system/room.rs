//! Edge. Room on a file system.

use rustix::fs::statvfs;
use std::path::Path;

/// Least room on a disk that is not full.
const ROOM_BYTES: u64 = 64 * 1024;

/// With less of either, nothing fits soon.
const FEW_BYTES: u64 = 4 * 1024 * 1024;
const FEW_FILES: u64 = 100;

/// `true` if the disk of `dir` is nearly full.
pub fn is_scarce(dir: &Path) -> bool {
    statvfs(dir).is_ok_and(|disk| {
        disk.f_bavail.saturating_mul(disk.f_frsize) < FEW_BYTES || (disk.f_files > 0 && disk.f_favail < FEW_FILES)
    })
}

/// `true` if the disk of `dir` has no room for another file.
pub fn is_full(dir: &Path) -> bool {
    // A file system that does not count its files, as btrfs, says 0 for both.
    statvfs(dir).is_ok_and(|disk| {
        disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES || (disk.f_files > 0 && disk.f_favail == 0)
    })
}
