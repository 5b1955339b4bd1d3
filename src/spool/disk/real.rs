//! Edge. The disk: directory descriptors and `*at` calls below them. Opens files, holds directories open.

use super::{Access, Disk, Facts, Io, JOB_MODE, Kind, Lock, Place};
use crate::system::boot::boot_id;
use crate::system::kernel;
use crate::system::rename::rename_to_new;
use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, RawDir, Stat, fchmod, fdatasync, flock, fstat, fstatfs, fstatvfs,
    fsync, ftruncate, openat, stat, statat, syncfs, unlinkat,
};
use rustix::io::{Errno, pread, pwrite, retry_on_intr};
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Directories are opened for reading, since only such a descriptor can be flushed.
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Room for about 500 names of ours per call.
const ENTRIES_BYTES: usize = 32 * 1024;

/// File systems whose `syncfs` is known to flush everything: ext4, xfs, btrfs, overlayfs above one of them, and tmpfs,
/// of which nothing survives anyway. That of FUSE, for one, does nothing.
const WHOLE_FLUSH: [i128; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x794c_7630, 0x0102_1994];
/// The first Linux whose `syncfs` tells of writes that failed.
const SYNCFS_TELLS: (u32, u32) = (5, 8);

/// A spool on a file system.
#[derive(Debug)]
pub struct RealDisk {
    root: PathBuf,
    root_fd: OwnedFd,
    below: [OnceLock<OwnedFd>; Place::BELOW_ROOT.len()],
    modes_are_right: AtomicBool,
}

impl RealDisk {
    /// Opens the spool at `root`; the directories below are opened when first used, and stay open.
    pub fn open(root: &Path) -> Io<Self> {
        Self::opened(root, OFlags::RDONLY)
    }

    /// The same for whoever neither lists nor flushes the root itself, and may not be allowed to: a receiver.
    pub fn open_to_pass(root: &Path) -> Io<Self> {
        Self::opened(root, OFlags::PATH)
    }

    fn opened(root: &Path, purpose: OFlags) -> Io<Self> {
        let flags = purpose | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root_fd = retry_on_intr(|| rustix::fs::open(root, flags, Mode::empty()))?;
        let below = std::array::from_fn(|_| OnceLock::new());
        Ok(Self { root: root.to_owned(), root_fd, below, modes_are_right: AtomicBool::new(false) })
    }

    /// Opens a directory now, so that a shortage of descriptors later cannot reach it.
    pub fn hold(&self, place: Place) -> Io<()> {
        self.dir(place).map(drop)
    }

    fn dir(&self, place: Place) -> Io<BorrowedFd<'_>> {
        let Some(index) = Place::BELOW_ROOT.iter().position(|&p| p == place) else {
            return Ok(self.root_fd.as_fd());
        };
        if let Some(fd) = self.below[index].get() {
            return Ok(fd.as_fd());
        }
        let fd = retry_on_intr(|| openat(&self.root_fd, place.as_str(), DIRECTORY, Mode::empty()))?;
        Ok(self.below[index].get_or_init(|| fd).as_fd())
    }

    /// The umask, or a default ACL, may have changed the mode. One look at the first job's file tells whether every
    /// one needs `fchmod`.
    fn settle_mode(&self, file: &OwnedFd, mode: Mode) -> Io<()> {
        let of_a_job = mode.as_raw_mode() == JOB_MODE;
        if of_a_job && self.modes_are_right.load(Ordering::Relaxed) {
            return Ok(());
        }
        let got = Mode::from_raw_mode(stat_of(file)?.st_mode);
        if got == mode {
            self.modes_are_right.fetch_or(of_a_job, Ordering::Relaxed);
            return Ok(());
        }
        retry_on_intr(|| fchmod(file, mode))
    }
}

impl Disk for RealDisk {
    type File = OwnedFd;

    fn path(&self, place: Place, name: &OsStr) -> PathBuf {
        match place {
            Place::Root => self.root.join(name),
            below => self.root.join(below.as_str()).join(name),
        }
    }

    fn create(&self, place: Place, name: &OsStr, mode: u32) -> Io<OwnedFd> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(mode);
        let dir = self.dir(place)?;
        let file = retry_on_intr(|| openat(dir, name, flags, mode))?;
        match self.settle_mode(&file, mode) {
            Ok(()) => Ok(file),
            Err(errno) => {
                let _ = unlinkat(dir, name, AtFlags::empty());
                Err(errno)
            }
        }
    }

    fn open(&self, place: Place, name: &OsStr, access: Access) -> Io<OwnedFd> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
        };
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let dir = self.dir(place)?;
        retry_on_intr(|| openat(dir, name, flags, Mode::empty()))
    }

    fn facts(&self, file: &OwnedFd) -> Io<Facts> {
        stat_of(file).map(|found| facts(&found))
    }

    fn facts_at(&self, place: Place, name: &OsStr) -> Io<Facts> {
        let dir = self.dir(place)?;
        retry_on_intr(|| statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)).map(|found| facts(&found))
    }

    fn read_at(&self, file: &OwnedFd, into: &mut [u8], offset: u64) -> Io<usize> {
        retry_on_intr(|| pread(file, &mut *into, offset))
    }

    fn write_at(&self, file: &OwnedFd, bytes: &[u8], offset: u64) -> Io<usize> {
        retry_on_intr(|| pwrite(file, bytes, offset))
    }

    fn truncate(&self, file: &OwnedFd, length: u64) -> Io<()> {
        retry_on_intr(|| ftruncate(file, length))
    }

    fn flush(&self, file: &OwnedFd) -> Io<()> {
        retry_on_intr(|| fsync(file))
    }

    fn flush_data(&self, file: &OwnedFd) -> Io<()> {
        retry_on_intr(|| fdatasync(file))
    }

    fn flush_all(&self) -> Io<()> {
        retry_on_intr(|| syncfs(&self.root_fd))
    }

    fn boot_id(&self) -> String {
        boot_id()
    }

    fn may_flush_all(&self) -> bool {
        let is_known =
            fstatfs(&self.root_fd).is_ok_and(|found| WHOLE_FLUSH.contains(&(i128::from(found.f_type) & 0xffff_ffff)));
        is_known && kernel::is_at_least(SYNCFS_TELLS)
    }

    fn flush_dir(&self, place: Place) -> Io<()> {
        let dir = self.dir(place)?;
        retry_on_intr(|| fsync(dir))
    }

    fn rename(&self, from: (Place, &OsStr), to: (Place, &OsStr)) -> Io<()> {
        let (from_dir, to_dir) = (self.dir(from.0)?, self.dir(to.0)?);
        rename_to_new((from_dir, Path::new(from.1)), (to_dir, Path::new(to.1)))
    }

    fn remove(&self, place: Place, name: &OsStr, kind: Kind) -> Io<()> {
        let flags = if kind == Kind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        let dir = self.dir(place)?;
        retry_on_intr(|| unlinkat(dir, name, flags))
    }

    fn lock(&self, file: &OwnedFd, lock: Lock) -> Io<bool> {
        match lock {
            Lock::Try => try_lock(file),
            Lock::Release => retry_on_intr(|| flock(file, FlockOperation::Unlock)).map(|()| true),
        }
    }

    fn lock_dir(&self, place: Place) -> Io<bool> {
        try_lock(self.dir(place)?)
    }

    fn is_in_place(&self, place: Place) -> Io<bool> {
        let held = fstat(self.dir(place)?)?;
        let path = self.root.join(place.as_str());
        let named = match retry_on_intr(|| stat(&path)) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(false),
            other => other?,
        };
        let identity = |found: &Stat| (found.st_dev, found.st_ino);
        Ok(identity(&held) == identity(&named))
    }

    fn entries(&self, place: Place, visit: &mut dyn FnMut(&OsStr, Kind)) -> Io<()> {
        // A descriptor of its own: a directory's read position belongs to the open file description.
        let dir = self.dir(place)?;
        let fd = retry_on_intr(|| openat(dir, ".", DIRECTORY, Mode::empty()))?;
        let mut room = vec![MaybeUninit::uninit(); ENTRIES_BYTES];
        let mut listing = RawDir::new(fd, &mut room);
        while let Some(entry) = listing.next() {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                visit(name, kind(entry.file_type()));
            }
        }
        Ok(())
    }

    fn free_bytes(&self) -> Io<u64> {
        let found = retry_on_intr(|| fstatvfs(&self.root_fd))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

fn try_lock(of: impl AsFd) -> Io<bool> {
    match retry_on_intr(|| flock(&of, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn stat_of(file: &OwnedFd) -> Io<Stat> {
    retry_on_intr(|| fstat(file))
}

fn facts(found: &Stat) -> Facts {
    Facts {
        kind: kind(FileType::from_raw_mode(found.st_mode)),
        inode: found.st_ino,
        links: u32::try_from(found.st_nlink).unwrap_or(u32::MAX),
        uid: found.st_uid,
        gid: found.st_gid,
        size: u64::try_from(found.st_size).unwrap_or(0),
        modified_s: found.st_mtime,
    }
}

fn kind(of: FileType) -> Kind {
    match of {
        FileType::RegularFile => Kind::Regular,
        FileType::Directory => Kind::Directory,
        FileType::Unknown => Kind::Unknown,
        _ => Kind::Special,
    }
}
