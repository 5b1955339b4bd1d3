//! Edge. Directories of confined steps in the spool: their own, for nobody else, and no link.

use super::super::attempt::{Attempt, Trouble};
use crate::system::errno::words;
use rustix::fs::{CWD, Mode, OFlags, fstat, mkdirat, openat};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directory of the homes, in the spool.
const HOMES: &str = "home";
/// For its owner alone.
const PRIVATE: u32 = 0o700;

/// The home of the hook's confined steps.
pub(super) fn home(attempt: &Attempt<'_>) -> Result<PathBuf, Trouble> {
    private(attempt.spool, &[HOMES, attempt.hook])
}

/// The directory `names`, one in the other, below `base`; made where it is missing.
pub(super) fn private(base: &Path, names: &[&str]) -> Result<PathBuf, Trouble> {
    let base = base.canonicalize().unwrap_or_else(|_| base.to_owned());
    let path = names.iter().fold(base.clone(), |path, name| path.join(name));
    let cannot = |error: io::Error| {
        let text = format!("`confine`: cannot use `{}`: {}", path.display(), words(&error));
        Trouble::failed(&error, text)
    };
    let mut at = open(CWD, &base).map_err(|errno| cannot(errno.into()))?;
    for name in names {
        at = enter(&at, name).map_err(cannot)?;
    }
    Ok(path)
}

fn enter(parent: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    match mkdirat(parent, name, Mode::from_raw_mode(PRIVATE)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno.into()),
    }
    let dir = match open(parent, Path::new(name)) {
        Err(Errno::LOOP | Errno::NOTDIR) => {
            return Err(io::Error::other("it is a link, or no directory; move it away"));
        }
        found => found?,
    };
    let found = fstat(&dir)?;
    if found.st_uid != geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user; move it away"));
    }
    if found.st_mode & 0o7777 != PRIVATE {
        fs::set_permissions(format!("/proc/self/fd/{}", dir.as_raw_fd()), Permissions::from_mode(PRIVATE))?;
    }
    Ok(dir)
}

fn open(parent: impl AsFd, name: &Path) -> Result<OwnedFd, Errno> {
    openat(parent, name, OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    fn reason(trouble: &Trouble) -> String {
        trouble.result.to_string()
    }

    #[test]
    fn a_directory_is_made_for_its_owner_alone_and_found_again() {
        let base = tempfile::tempdir().unwrap();
        let made = private(base.path(), &["home", "docs"]).unwrap();
        fs::write(made.join("cache"), "warm").unwrap();
        fs::set_permissions(&made, Permissions::from_mode(0o777)).unwrap();
        assert_eq!(private(base.path(), &["home", "docs"]).unwrap(), made);
        assert_eq!(fs::metadata(&made).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(fs::metadata(made.parent().unwrap()).unwrap().mode() & 0o7777, 0o700);
        assert_eq!(fs::read(made.join("cache")).unwrap(), b"warm");
    }

    #[test]
    fn a_link_or_a_file_in_its_place_is_refused() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir_all(base.path().join("elsewhere/docs")).unwrap();
        fs::create_dir(base.path().join("home")).unwrap();
        symlink("../elsewhere", base.path().join("home/docs")).unwrap();
        fs::write(base.path().join("home/file"), "").unwrap();
        for name in ["docs", "file"] {
            let said = reason(&private(base.path(), &["home", name]).unwrap_err());
            assert!(said.contains("it is a link, or no directory"), "{said}");
        }
        fs::remove_dir_all(base.path().join("home")).unwrap();
        symlink("elsewhere", base.path().join("home")).unwrap();
        private(base.path(), &["home", "docs"]).unwrap_err();
    }
}
