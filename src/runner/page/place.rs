//! Edge. The directory of the page. What the person named is followed; nothing below it is: each file is made under
//! another name and renamed, so that a reader finds the old one or the new one, and a link in its place is replaced.

use super::error::{Misplaced, PageError};
use crate::config::{PageSettings, is_below};
use crate::spool::HistoryStamp;
use crate::system::random::random_bytes;
use crate::system::users;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::fs::{futimens, mkdirat, openat, renameat, statat, unlinkat};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Begin and end of the name of a file that is being written.
const UNFINISHED: (&str, char) = (".hookspool.", '~');
/// The style sheet, whose beginning tells whose directory it is.
pub(super) const STYLE_NAME: &str = "style.css";
pub(super) const STYLE_MARK: &str = "/* hookspool ";
/// A file that is written is named within moments.
const STALE_S: i64 = 600;

/// A directory of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Folder {
    /// The named one.
    Top,
    /// `job/`.
    Job,
    /// `badge/`.
    Badge,
}

/// The opened directories.
#[derive(Debug)]
pub(super) struct PageDir {
    path: PathBuf,
    top: OwnedFd,
    job: OwnedFd,
    badge: OwnedFd,
}

/// Refuses a directory in which the page would hand out the spool, or fill what is not its own.
pub fn check_place(page: &PageSettings, spool: &Path) -> Result<(), Misplaced> {
    const ELSEWHERE: &str = "write it to a directory of its own";
    let dir = page.dir.display();
    if is_below(&page.dir, spool) || is_below(spool, &page.dir) {
        return Err(Misplaced::new(format!("the page `{dir}` and the spool lie in one another"), ELSEWHERE));
    }
    if let Some(file) = strange_file(&page.dir) {
        let what = format!("`{dir}` holds a page that is not hookspool's (`{file}`)");
        return Err(Misplaced::new(what, "name another directory, or empty it"));
    }
    let Ok(found) = fs::metadata(&page.dir) else { return Ok(()) };
    let is_same = |other: &PathBuf| fs::metadata(other).is_ok_and(|o| (o.dev(), o.ino()) == (found.dev(), found.ino()));
    if is_same(&PathBuf::from("/")) || users::homes().iter().any(is_same) {
        return Err(Misplaced::new(format!("the page `{dir}` is the root directory or a home"), ELSEWHERE));
    }
    Ok(())
}

/// The file of another page in a directory whose style sheet is not ours. That is the first file of ours in it, and
/// flushed.
fn strange_file(dir: &Path) -> Option<&'static str> {
    let is_file = |name: &&str| fs::symlink_metadata(dir.join(name)).is_ok_and(|found| !found.is_dir());
    let found = ["index.html", STYLE_NAME, "status.json"].into_iter().find(is_file)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut beginning = Vec::new();
    if let Ok(fd) = rustix::fs::open(dir.join(STYLE_NAME), flags, Mode::empty()) {
        let _not_read = File::from(fd).take(STYLE_MARK.len() as u64).read_to_end(&mut beginning);
    }
    (beginning != STYLE_MARK.as_bytes()).then_some(found)
}

impl PageDir {
    /// Opens the directory, or makes it where the one that holds it is there.
    pub(super) fn open(page: &PageSettings, spool: &Path) -> Result<Self, PageError> {
        check_place(page, spool)?;
        let path = page.dir.clone();
        let error = |errno: Errno| PageError::Disk { what: "open", path: path.clone(), cause: errno.into() };
        let top = made(CWD, &path, OFlags::empty()).map_err(|errno| match errno {
            Errno::NOENT => PageError::Refused(format!("there is no directory for `{}`; create it", path.display())),
            errno => error(errno),
        })?;
        let below = |name: &str| {
            made(&top, Path::new(name), OFlags::NOFOLLOW).map_err(|errno| match errno {
                Errno::LOOP | Errno::NOTDIR => {
                    PageError::Refused(format!("`{}` is no directory; remove it", path.join(name).display()))
                }
                errno => PageError::Disk { what: "open", path: path.join(name), cause: errno.into() },
            })
        };
        let (job, badge) = (below("job")?, below("badge")?);
        Ok(Self { path, top, job, badge })
    }

    /// The mark of the directory that is there now: a new one in its place is another.
    pub(super) fn identity(&self) -> (u64, u64) {
        rustix::fs::fstat(&self.job).map_or((0, 0), |stat| (stat.st_dev, stat.st_ino))
    }

    /// Replaces a file.
    pub(super) fn write(&self, folder: Folder, name: &str, content: &[u8]) -> Result<(), PageError> {
        self.put(folder, name, &mut &content[..], None)
    }

    /// Waits until a file is on the disk.
    pub(super) fn flush(&self, folder: Folder, name: &str) -> Result<(), PageError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let flushed = openat(self.fd(folder), name, flags, Mode::empty()).and_then(rustix::fs::fsync);
        let path = || self.path_of(folder, name);
        flushed.map_err(|errno| PageError::Disk { what: "flush", path: path(), cause: errno.into() })
    }

    /// Replaces a file, whose time tells of which history it is.
    pub(super) fn put(
        &self,
        folder: Folder,
        name: &str,
        content: &mut dyn Read,
        stamp: Option<HistoryStamp>,
    ) -> Result<(), PageError> {
        let replaced = self.replace(folder, name, content, stamp);
        replaced.map_err(|cause| PageError::Disk { what: "write", path: self.path_of(folder, name), cause })
    }

    fn replace(
        &self,
        folder: Folder,
        name: &str,
        content: &mut dyn Read,
        stamp: Option<HistoryStamp>,
    ) -> io::Result<()> {
        let (begin, end) = UNFINISHED;
        let fresh = format!("{begin}{}{end}", hex::encode(random_bytes::<8>()?));
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = self.fd(folder);
        let mut file = File::from(openat(fd, &fresh, flags, Mode::from(0o644))?);
        let written = io::copy(content, &mut file).and_then(|_| file.flush());
        let written = written.and_then(|()| stamp.map_or(Ok(()), |stamp| Ok(futimens(&file, &times(stamp))?)));
        let named = written.and_then(|()| Ok(renameat(fd, &fresh, fd, name)?));
        if named.is_err() {
            let _swept_later = unlinkat(fd, &fresh, AtFlags::empty());
        }
        named
    }

    /// Removes a file that may be there.
    pub(super) fn remove(&self, folder: Folder, name: &str) -> Result<(), PageError> {
        match unlinkat(self.fd(folder), name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => {
                Err(PageError::Disk { what: "remove", path: self.path_of(folder, name), cause: errno.into() })
            }
        }
    }

    /// The content of a regular file of at most `limit` bytes; nothing where it cannot be read.
    pub(super) fn read(&self, folder: Folder, name: &str, limit: u64) -> Vec<u8> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let mut content = Vec::new();
        if let Ok(fd) = openat(self.fd(folder), name, flags, Mode::empty()) {
            let _not_read = File::from(fd).take(limit).read_to_end(&mut content);
        }
        content
    }

    /// Names in a directory.
    pub(super) fn names(&self, folder: Folder) -> Result<Vec<String>, PageError> {
        let listed = Dir::read_from(self.fd(folder)).and_then(|dir| {
            let names = dir.map(|entry| entry.map(|entry| entry.file_name().to_str().ok().map(str::to_owned)));
            Ok(names.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        });
        let path = self.path_of(folder, "");
        listed.map_err(|errno| PageError::Disk { what: "list", path, cause: errno.into() })
    }

    /// The history of which a page is; `None` for what is none of ours, or was cut short.
    pub(super) fn stamp(&self, folder: Folder, name: &str) -> Option<HistoryStamp> {
        let stat = self.stat(folder, name)?;
        let is_page = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && stat.st_size > 0;
        is_page.then_some(HistoryStamp { length_bytes: stat.st_mtime_nsec, modified_s: stat.st_mtime })
    }

    /// Removes what a crash left half written. The time of its last change counts: the other one is made up.
    pub(super) fn sweep(&self, folder: Folder, names: &[String], now_s: i64) {
        let (begin, end) = UNFINISHED;
        for name in names.iter().filter(|name| name.starts_with(begin) && name.ends_with(end)) {
            if self.stat(folder, name).is_some_and(|stat| now_s.saturating_sub(stat.st_ctime) > STALE_S) {
                let _swept_next_time = self.remove(folder, name);
            }
        }
    }

    fn stat(&self, folder: Folder, name: &str) -> Option<Stat> {
        statat(self.fd(folder), name, AtFlags::SYMLINK_NOFOLLOW).ok()
    }

    fn fd(&self, folder: Folder) -> &OwnedFd {
        match folder {
            Folder::Top => &self.top,
            Folder::Job => &self.job,
            Folder::Badge => &self.badge,
        }
    }

    fn path_of(&self, folder: Folder, name: &str) -> PathBuf {
        match folder {
            Folder::Top => self.path.join(name),
            Folder::Job => self.path.join("job").join(name),
            Folder::Badge => self.path.join("badge").join(name),
        }
    }
}

/// Opens a directory, which is made if it is not there.
fn made(at: impl std::os::fd::AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    match mkdirat(&at, path, Mode::from(0o755)) {
        Ok(()) | Err(Errno::EXIST) => {}
        // What cannot be made may be there: on a file system that is read-only, or in a directory of another user.
        Err(errno) if errno == Errno::NOENT => return Err(errno),
        Err(_) => {}
    }
    openat(&at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | flags, Mode::empty())
}

/// A history only grows, so that its length tells it from every other version of it: it takes the place of the
/// nanoseconds.
fn times(stamp: HistoryStamp) -> Timestamps {
    let tv_nsec = i64::try_from(stamp.length_bytes % 1_000_000_000).unwrap_or_default();
    let time = Timespec { tv_sec: stamp.modified_s, tv_nsec };
    Timestamps { last_access: time, last_modification: time }
}
