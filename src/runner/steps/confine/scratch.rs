//! Edge. TMPDIR of a job's confined steps: `scratch/<job>` of the spool, gone when the attempt is.

use super::super::attempt::{Attempt, Trouble};
use super::super::remove::remove;
use super::dirs::private;
use crate::model::JobId;
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat};
use std::fs::{self, Permissions};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directory of them, in the spool.
const SCRATCH: &str = "scratch";
/// Most directories in one another that are opened up to be removed.
const DEPTH: usize = 200;

/// That of this attempt, empty for its first step.
pub(super) fn make(attempt: &mut Attempt<'_>) -> Result<PathBuf, Trouble> {
    if !attempt.has_scratch {
        clear_scratch(attempt.spool, attempt.job).map_err(Trouble::refused)?;
    }
    attempt.has_scratch = true;
    private(attempt.spool, &[SCRATCH, &attempt.job.to_string()])
}

/// Removes that of `job`, whatever its steps made of it.
pub fn clear_scratch(spool: &Path, job: JobId) -> Result<(), String> {
    clear(&spool.join(SCRATCH), &job.to_string())
}

/// Removes all of them: those of jobs whose runner died. Only while nothing runs.
pub fn clear_all_scratch(spool: &Path) -> Vec<String> {
    let dir = spool.join(SCRATCH);
    let is_link = fs::symlink_metadata(&dir).is_ok_and(|found| found.is_symlink());
    let Ok(entries) = fs::read_dir(&dir) else { return Vec::new() };
    let names = entries.flatten().filter(|_| !is_link).map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| clear(&dir, &name).err()).collect()
}

fn clear(dir: &Path, name: &str) -> Result<(), String> {
    if !dir.is_dir() {
        return Ok(());
    }
    remove(dir, Path::new(name)).or_else(|_| {
        open_up(CWD.as_fd(), &dir.join(name), DEPTH);
        remove(dir, Path::new(name))
    })
}

/// Lets this user into every directory below `name`: a step may have locked some. No link is followed.
fn open_up(parent: impl AsFd, name: &Path, depth: usize) {
    let Some(dir) = opened(parent, name).filter(|_| depth > 0) else { return };
    let mut room = Vec::with_capacity(16 * 1024);
    let mut entries = RawDir::new(&dir, room.spare_capacity_mut());
    let mut names = Vec::new();
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name)));
        }
    }
    for name in &names {
        open_up(&dir, name, depth - 1);
    }
}

fn opened(parent: impl AsFd, name: &Path) -> Option<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let path = openat(&parent, name, flags | OFlags::PATH, Mode::empty()).ok()?;
    fs::set_permissions(format!("/proc/self/fd/{}", path.as_raw_fd()), Permissions::from_mode(0o700)).ok()?;
    openat(&path, ".", flags, Mode::empty()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn spool_with_scratch(job: JobId) -> (tempfile::TempDir, PathBuf) {
        let spool = tempfile::tempdir().unwrap();
        let own = private(spool.path(), &[SCRATCH, &job.to_string()]).unwrap();
        (spool, own)
    }

    #[test]
    fn what_a_step_locked_or_linked_goes_and_what_a_link_leads_to_stays() {
        let job = JobId::new(1, 2).unwrap();
        let (spool, own) = spool_with_scratch(job);
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "x").unwrap();
        fs::create_dir_all(own.join("locked/deep")).unwrap();
        fs::write(own.join("locked/deep/file"), "x").unwrap();
        symlink(outside.path(), own.join("locked/link")).unwrap();
        fs::set_permissions(own.join("locked/deep"), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(own.join("locked"), Permissions::from_mode(0o400)).unwrap();
        open_up(CWD, &own, DEPTH);
        assert!(own.join("locked/deep/file").exists(), "opened up");
        assert_eq!(clear_scratch(spool.path(), job), Ok(()));
        assert!(!own.exists() && outside.path().join("precious").exists());
        assert_eq!(clear_scratch(spool.path(), job), Ok(()), "once more");
    }

    #[test]
    fn all_that_dead_runners_left_goes() {
        let (spool, own) = spool_with_scratch(JobId::new(3, 4).unwrap());
        fs::write(own.join("file"), "x").unwrap();
        assert_eq!(clear_all_scratch(spool.path()), [""; 0]);
        assert_eq!(fs::read_dir(spool.path().join(SCRATCH)).unwrap().count(), 0);
    }
}
