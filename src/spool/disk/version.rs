//! Edge. The version of a spool, in its file `version`: what this program may open at all. Reads that file.
//!
//! It counts up with each change by which an older program would lose or misread something. A spool without the file,
//! or with an empty one, is of the first version. Everything that opens a spool asks here, before it touches anything.

use super::real::RealDisk;
use super::{Access, Disk, Io, Place};
use crate::spool::SpoolError;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::Path;

/// The version that this program writes, and the highest that it reads.
pub(in crate::spool) const VERSION: u64 = 1;
/// Name of the file.
pub(in crate::spool) const FILE: &str = "version";
/// Mode of the file: whoever may pass the spool, of whatever group, must know its version, and it is no secret.
pub(in crate::spool) const MODE: u32 = 0o644;
/// So much of it is read: a number, and more than any number has.
const LIMIT_BYTES: usize = 32;

/// Opens the spool at `root`, unless it is of a version that this program does not know.
pub(in crate::spool) fn open(root: &Path) -> Result<RealDisk, SpoolError> {
    checked(RealDisk::open(root), root)
}

/// The same for a receiver.
pub(in crate::spool) fn open_to_pass(root: &Path) -> Result<RealDisk, SpoolError> {
    checked(RealDisk::open_to_pass(root), root)
}

fn checked(opened: Io<RealDisk>, root: &Path) -> Result<RealDisk, SpoolError> {
    let disk = opened.map_err(|e| SpoolError::call("open", root, e))?;
    check(&disk)?;
    Ok(disk)
}

/// An error if the spool is of a version that this program does not know.
fn check(disk: &RealDisk) -> Result<(), SpoolError> {
    let path = || disk.path(Place::Root, OsStr::new(FILE));
    let text = match read(disk) {
        Err(Errno::NOENT) => return Ok(()),
        other => other.map_err(|e| SpoolError::call("read", path(), e))?,
    };
    let is_known = text.is_empty() || text.parse::<u64>().is_ok_and(|version| (1..=VERSION).contains(&version));
    if is_known { Ok(()) } else { Err(SpoolError::UnknownVersion { path: path(), found: text, known: VERSION }) }
}

fn read(disk: &RealDisk) -> Io<String> {
    let file = disk.open(Place::Root, OsStr::new(FILE), Access::Read)?;
    let mut bytes = [0; LIMIT_BYTES];
    let filled = disk.read_full_at(&file, &mut bytes, 0)?;
    Ok(String::from_utf8_lossy(bytes[..filled].trim_ascii()).escape_default().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_version_that_is_not_known_is_refused_and_said() {
        let dir = tempfile::tempdir().unwrap();
        let opened = |content: &str| {
            fs::write(dir.path().join(FILE), content).unwrap();
            open(dir.path()).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!((opened(""), opened("1\n"), opened("1")), (Ok(()), Ok(()), Ok(())));
        let path = dir.path().join(FILE);
        for (content, found) in
            [("2\n", "2"), ("0", "0"), ("-1", "-1"), ("x\u{1b}[31m", "x\\u{1b}[31m"), ("1 2", "1 2")]
        {
            let expected = format!(
                "{} says `{found}`, and this program knows spools of version {VERSION} at most; nothing was touched: \
                 run the hookspool that wrote it, or a newer one",
                path.display()
            );
            assert_eq!(opened(content), Err(expected));
        }
        fs::remove_file(path).unwrap();
        assert!(open(dir.path()).is_ok(), "older than the file");
    }
}
