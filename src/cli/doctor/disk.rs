//! Edge. The file systems under the spool and the work directories: room, and whether the spool's flushes mean what
//! they say.

use super::finding::Finding;
use crate::cli::print;
use crate::config::{Config, Hook};
use crate::system::errno::words;
use rustix::fs::StatVfs;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// Less than this is too little for a busy day.
const FEW_BYTES: u64 = 64 * 1024 * 1024;
/// Each job takes three.
const FEW_FILES: u64 = 1000;

/// File systems on which a job that was accepted may be lost, by their number in `statfs(2)`: name, and why.
const DOUBTFUL: [(i128, &str, &str); 7] = [
    (0x6969, "NFS", "locks, wake-ups and flushes are the server's, and may be none"),
    (0xff53_4d42, "CIFS", "locks, wake-ups and flushes are the server's, and may be none"),
    (0xfe53_4d42, "SMB2", "locks, wake-ups and flushes are the server's, and may be none"),
    (0x0102_1997, "9p", "locks, wake-ups and flushes are the host's, and may be none"),
    (0x0102_1994, "tmpfs", "everything in it is gone after a restart"),
    (0x6573_5546, "FUSE", "what a flush means is up to the program behind it"),
    (0x794c_7630, "overlay", "it is a container's own layer, and goes away with the container: mount a volume there"),
];
const EXT4: i128 = 0xef53;

/// Looks at the file system of the spool, and for room where the hooks work.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let spool = config.spool.as_path();
    room(spool, findings);
    findings.extend(config.hooks.iter().filter_map(|hook| Some(of_work(hook)?.of(&hook.name))));
    match rustix::fs::statfs(spool) {
        Ok(found) => findings.push(kind(spool, found.f_type.into())),
        Err(error) => {
            let what = format!("the spool's file system cannot be looked at: {}", words(&error.into()));
            findings.push(Finding::warning(what, "it may be one that loses jobs", ""));
        }
    }
}

fn room(spool: &Path, findings: &mut Vec<Finding>) {
    let Ok(found) = rustix::fs::statvfs(spool) else { return };
    let why = "deliveries are answered 503 when nothing is left";
    let mut is_scarce = false;
    for (what, flag) in scarce(&found) {
        is_scarce = true;
        let repair = format!("hookspool prune --older-than 7d; df {flag} {}", spool.display());
        findings.push(Finding::problem(format!("{what} for the spool"), why, repair));
    }
    if !is_scarce {
        let has_limit = found.f_files > 0;
        let files = if has_limit { format!(" and {} files", found.f_favail) } else { String::new() };
        findings.push(Finding::ok(format!("{}{files} are free for the spool", print::size(free_bytes(&found)))));
    }
}

/// The scarce resource of a file system, and the flag by which df(1) shows it.
fn scarce(found: &StatVfs) -> Vec<(String, &'static str)> {
    let bytes = free_bytes(found);
    let few_bytes = (bytes < FEW_BYTES).then(|| (format!("{} are free", print::size(bytes)), "-h"));
    let few_files = (found.f_files > 0 && found.f_favail < FEW_FILES)
        .then(|| (format!("{} of {} inodes are free", found.f_favail, found.f_files), "-i"));
    few_bytes.into_iter().chain(few_files).collect()
}

fn free_bytes(found: &StatVfs) -> u64 {
    found.f_bavail.saturating_mul(found.f_frsize)
}

/// The scarce resource where a hook works, if that is another file system than the spool's.
fn of_work(hook: &Hook) -> Option<Finding> {
    let dir = hook.plan.dir.as_path();
    let found = rustix::fs::statvfs(dir).ok()?;
    let (what, flag) = scarce(&found).into_iter().next()?;
    let what = format!("{what} on the file system of {}", dir.display());
    Some(Finding::problem(
        what,
        "its steps fail when nothing is left",
        format!("df {flag} {}; make room", dir.display()),
    ))
}

/// The number is one of 32 bits, which some systems show with the sign of its highest.
fn kind(spool: &Path, number: i128) -> Finding {
    let number = number & 0xffff_ffff;
    if let Some((_, name, why)) = DOUBTFUL.iter().find(|(magic, _, _)| *magic == number) {
        let repair = "put the spool on a local ext4, xfs or btrfs";
        return Finding::warning(format!("the spool is on {name}"), *why, repair);
    }
    if number == EXT4 && has_fast_commit(spool) {
        let what = "the spool is on ext4 with `fast_commit`";
        let why = "it was seen to lose jobs that it had flushed";
        return Finding::warning(what, why, "tune2fs -O ^fast_commit on the unmounted device");
    }
    Finding::ok("the spool's file system keeps what it flushes")
}

/// By the superblock where that may be read, or by what the kernel counted since it was mounted.
fn has_fast_commit(spool: &Path) -> bool {
    let Some(device) = device_of(spool) else { return false };
    in_superblock(Path::new(&format!("/dev/{device}"))).unwrap_or_else(|| {
        let counted = fs::read_to_string(format!("/proc/fs/ext4/{device}/fc_info")).unwrap_or_default();
        commits(&counted) > 0
    })
}

/// `vda1` for a spool on it.
fn device_of(spool: &Path) -> Option<String> {
    let device = fs::metadata(spool).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let link = fs::read_link(format!("/sys/dev/block/{major}:{minor}")).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

/// `s_feature_compat` of ext4, bit `COMPAT_FAST_COMMIT`.
fn in_superblock(device: &Path) -> Option<bool> {
    const FAST_COMMIT: u32 = 0x400;
    let mut block = [0; 1024];
    File::open(device).ok()?.read_exact_at(&mut block, 1024).ok()?;
    let is_ext4 = block[0x38..0x3a] == [0x53, 0xef];
    let features = u32::from_le_bytes(block[0x5c..0x60].try_into().ok()?);
    is_ext4.then_some(features & FAST_COMMIT != 0)
}

/// `12 commits` in the kernel's words.
fn commits(counted: &str) -> u64 {
    let line = counted.lines().find_map(|line| line.trim().strip_suffix(" commits"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn doubtful_file_systems_are_told_by_name() {
        let said = |number| kind(Path::new("/nonexistent"), number);
        for (number, name) in [(0x6969, "NFS"), (0x0102_1994, "tmpfs"), (0x794c_7630, "overlay")] {
            assert_eq!((said(number).level, said(number).what), (Level::Warning, format!("the spool is on {name}")));
        }
        assert_eq!(said(0x5846_5342).level, Level::Ok, "xfs");
        assert_eq!(said(EXT4).level, Level::Ok, "ext4 on no device");
        // btrfs, whose number has its highest bit set.
        assert_eq!(said(-1_859_950_530).level, Level::Ok);
    }

    #[test]
    fn fast_commit_is_told_by_its_bit_and_by_what_was_counted() {
        let mut image = vec![0; 4096];
        image[1024 + 0x38..1024 + 0x3a].copy_from_slice(&[0x53, 0xef]);
        let file = tempfile::NamedTempFile::new().unwrap();
        let look = |image: &[u8]| {
            fs::write(file.path(), image).unwrap();
            in_superblock(file.path())
        };
        assert_eq!(look(&image), Some(false));
        image[1024 + 0x5d] = 0x04;
        assert_eq!(look(&image), Some(true));
        assert_eq!(look(&[0; 4096]), None, "another file system");
        assert_eq!(commits("fc stats:\n17 commits\n3 ineligible\n"), 17);
        assert_eq!(commits("fc stats:\n0 commits\n"), 0);
    }
}
