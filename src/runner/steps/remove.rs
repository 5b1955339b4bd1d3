//! Edge. `remove = "dist"`: gone afterwards, whatever it was, and nothing else is.

use super::lookup::cause;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Component, Path};

/// Removes `path` below `dir`. A symbolic link is removed, never followed; one among the parents is refused. What is
/// absent is removed already.
pub(super) fn remove(dir: &Path, path: &Path) -> Result<(), String> {
    let parts: Option<Vec<&OsStr>> = path.components().filter(|part| *part != Component::CurDir).map(normal).collect();
    let Some((last, parents)) = parts.as_deref().and_then(<[_]>::split_last) else {
        return Err(format!("`{}` is not a path below the work directory", path.display()));
    };
    let failed = |error: io::Error| format!("cannot remove `{}`: {}", path.display(), cause(&error));
    let mut parent = open_dir(CWD, dir.as_os_str(), OFlags::empty()).map_err(|error| failed(error.into()))?;
    for part in parents {
        parent = match open_dir(&parent, part, OFlags::NOFOLLOW) {
            Ok(next) => next,
            Err(Errno::NOENT) => return Ok(()),
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let part = part.display();
                return Err(format!("cannot remove `{}`: `{part}` is a symbolic link or no directory", path.display()));
            }
            Err(error) => return Err(failed(error.into())),
        };
    }
    unlink(&parent, last).map_err(failed)
}

fn normal(part: Component<'_>) -> Option<&OsStr> {
    if let Component::Normal(name) = part { Some(name) } else { None }
}

fn open_dir(parent: impl AsFd, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    openat(parent, name, flags | OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Removes `name` in `parent`, with all that is below it. The way through `/proc/self/fd` reaches the directory that
/// was checked, even if it was renamed since.
fn unlink(parent: &OwnedFd, name: &OsStr) -> io::Result<()> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {
            fs::remove_dir_all(Path::new(&format!("/proc/self/fd/{}", parent.as_raw_fd())).join(name))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_tree_goes_and_its_neighbours_stay() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("a/dist/deep/er")).unwrap();
        fs::write(dir.path().join("a/dist/deep/file"), "x").unwrap();
        fs::write(dir.path().join("a/keep"), "x").unwrap();
        assert_eq!(remove(dir.path(), Path::new("./a/dist")), Ok(()));
        assert!(!dir.path().join("a/dist").exists() && dir.path().join("a/keep").exists());
    }

    #[test]
    fn what_is_absent_is_removed_already() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(remove(dir.path(), Path::new("dist")), Ok(()));
        assert_eq!(remove(dir.path(), Path::new("not/there/either")), Ok(()));
    }

    #[test]
    fn a_link_goes_and_its_target_stays() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "x").unwrap();
        symlink(outside.path(), dir.path().join("dist")).unwrap();
        fs::create_dir(dir.path().join("tree")).unwrap();
        symlink(outside.path(), dir.path().join("tree/link")).unwrap();
        assert_eq!(remove(dir.path(), Path::new("dist")), Ok(()));
        assert_eq!(remove(dir.path(), Path::new("tree")), Ok(()));
        assert!(fs::symlink_metadata(dir.path().join("dist")).is_err());
        assert!(!dir.path().join("tree").exists() && outside.path().join("precious").exists());
    }

    #[test]
    fn a_link_among_the_parents_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("dist")).unwrap();
        symlink(outside.path(), dir.path().join("link")).unwrap();
        let reason = remove(dir.path(), Path::new("link/dist")).unwrap_err();
        assert_eq!(reason, "cannot remove `link/dist`: `link` is a symbolic link or no directory");
        assert!(outside.path().join("dist").exists());
    }

    #[test]
    fn only_what_is_below_the_work_directory_can_be_named() {
        let dir = tempfile::tempdir().unwrap();
        for bad in ["", ".", "..", "../x", "a/../../x", "/etc"] {
            let reason = remove(&dir.path().join("a"), Path::new(bad)).unwrap_err();
            assert!(reason.ends_with("is not a path below the work directory"), "{bad}: {reason}");
        }
    }
}
