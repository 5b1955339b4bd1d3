//! Edge. A file that the kernel makes a block device of: what the device is told to write and to flush comes here, in
//! order. A second file, `marks`, takes lines that processes append, and notes them between the two.

use crate::disk::Disk;
use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DISK: INodeNo = INodeNo(2);
const MARKS: INodeNo = INodeNo(3);
/// Nothing is remembered by the kernel for longer than it needs.
const TTL: Duration = Duration::from_secs(3600);

/// A disk that a device and its observers share.
pub type Shared = Arc<Mutex<Disk>>;

/// The disk, whoever has died with it.
pub fn held(disk: &Shared) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Files {
    disk: Shared,
    size_bytes: u64,
}

impl Files {
    fn attr(&self, ino: INodeNo) -> Option<FileAttr> {
        let (kind, size, perm) = match ino {
            INodeNo::ROOT => (FileType::Directory, 0, 0o755),
            DISK => (FileType::RegularFile, self.size_bytes, 0o600),
            MARKS => (FileType::RegularFile, 0, 0o666),
            _ => return None,
        };
        let (atime, mtime, ctime, crtime) = (UNIX_EPOCH, UNIX_EPOCH, UNIX_EPOCH, UNIX_EPOCH);
        let (blocks, nlink, uid, gid, rdev, flags, blksize) = (size / 512, 1, 0, 0, 0, 0, 4096);
        Some(FileAttr {
            ino,
            size,
            blocks,
            atime,
            mtime,
            ctime,
            crtime,
            kind,
            perm,
            nlink,
            uid,
            gid,
            rdev,
            blksize,
            flags,
        })
    }
}

impl Filesystem for Files {
    fn lookup(&self, _: &Request, _parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let ino = match name.to_str() {
            Some("disk") => DISK,
            Some("marks") => MARKS,
            _ => return reply.error(Errno::ENOENT),
        };
        let attr = self.attr(ino).expect("one of ours");
        reply.entry(&TTL, &attr, Generation(0));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.attr(ino) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ENOENT),
        }
    }

    /// The kernel sets times after writes.
    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        _size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        match self.attr(ino) {
            Some(attr) => reply.attr(&TTL, &attr),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_DIRECT_IO);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let end = if ino == DISK { self.size_bytes } else { 0 };
        let mut buffer = vec![0; u64::from(size).min(end.saturating_sub(offset)) as usize];
        held(&self.disk).read(offset, &mut buffer);
        reply.data(&buffer);
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut disk = held(&self.disk);
        if ino == DISK {
            disk.write(offset, data);
        } else {
            String::from_utf8_lossy(data).lines().for_each(|line| disk.mark(line.to_owned()));
        }
        drop(disk);
        reply.written(data.len() as u32);
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        if ino == DISK {
            held(&self.disk).flush();
        }
        reply.ok();
    }
}

/// The two files, for as long as it lives.
pub struct Device {
    pub disk: Shared,
    dir: PathBuf,
    _session: BackgroundSession,
}

impl Device {
    /// A disk of so many bytes, as files below `dir`.
    pub fn start(disk: Disk, size_bytes: u64, dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let disk = Arc::new(Mutex::new(disk));
        let files = Files { disk: Arc::clone(&disk), size_bytes };
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("hookspool-power".to_owned())];
        let session = fuser::spawn_mount(files, dir, &config)?;
        Ok(Self { disk, dir: dir.to_owned(), _session: session })
    }

    pub fn file(&self) -> PathBuf {
        self.dir.join("disk")
    }
}
