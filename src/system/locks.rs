//! Edge. The holder of a file's lock, as proc(5) `locks` shows it.

use std::fs;
use std::io;

/// Process that holds a flock(2) lock on the file with this device and inode; 0 or less where it cannot be seen from
/// here. Some file systems (btrfs) show another device there than stat(2) does: `expected` may stand in for it.
pub fn holder_of(device: u64, inode: u64, expected: Option<u32>) -> io::Result<Option<i32>> {
    Ok(find(&fs::read_to_string("/proc/locks")?, device, inode, expected))
}

/// Lines of `12: FLOCK  ADVISORY  WRITE 1234 fe:00:131090 0 EOF`; a waiter's has `->` after its number.
fn find(table: &str, device: u64, inode: u64, expected: Option<u32>) -> Option<i32> {
    let device = format!("{:02x}:{:02x}", rustix::fs::major(device), rustix::fs::minor(device));
    let mut elsewhere = None;
    for line in table.lines() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, "FLOCK", _, "WRITE", pid, file, ..] = fields[..] else { continue };
        let (Ok(pid), Some((on, number))) = (pid.parse::<i32>(), file.rsplit_once(':')) else { continue };
        if number.parse() != Ok(inode) {
            continue;
        }
        if on == device {
            return Some(pid);
        }
        let is_expected = expected.is_some_and(|expected| u32::try_from(pid) == Ok(expected));
        elsewhere = elsewhere.or(is_expected.then_some(pid));
    }
    elsewhere
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FlockOperation, flock};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_waiter_another_kind_and_another_file_are_no_holders() {
        let table = "1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 12 fe:00:78 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 13 fe:00:77 0 EOF\n\
                     3: FLOCK  ADVISORY  READ 14 fe:00:77 0 EOF\n\
                     4: FLOCK  ADVISORY  WRITE 15 00:2a:77 0 EOF\n";
        let device = rustix::fs::makedev(0xfe, 0);
        assert_eq!(find(table, device, 77, None), None);
        assert_eq!(find(table, device, 77, Some(15)), Some(15), "another device, the process that was named");
        assert_eq!(find(table, device, 78, Some(15)), Some(12));
    }

    #[test]
    fn a_lock_of_this_process_is_seen_and_its_end_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = file.as_file().metadata().unwrap();
        let look = || holder_of(metadata.dev(), metadata.ino(), Some(std::process::id())).unwrap();
        assert_eq!(look(), None);
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        assert_eq!(look(), i32::try_from(std::process::id()).ok());
        flock(&file, FlockOperation::Unlock).unwrap();
        assert_eq!(look(), None);
    }
}
