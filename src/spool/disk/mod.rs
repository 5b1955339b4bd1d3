//! Pure. The disk as the spool needs it: a few calls, each with its promise.

pub(in crate::spool) mod create;
pub(in crate::spool) mod in_place;
pub(in crate::spool) mod lock;
pub(in crate::spool) mod real;
pub(in crate::spool) mod reserve;
pub(in crate::spool) mod version;

use crate::model::State;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::PathBuf;

/// Mode of jobs and histories: the group reads, so that receivers' files reach the runner.
pub(in crate::spool) const JOB_MODE: u32 = 0o640;
/// Mode of `sequence` and `reserve`, which receivers change.
pub(in crate::spool) const SHARED_MODE: u32 = 0o660;
/// Mode of `lock`: whoever may open it may hold it.
pub(in crate::spool) const LOCK_MODE: u32 = 0o600;

/// A directory of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The spool itself.
    Root,
    /// Files that receivers are writing.
    Tmp,
    /// Output of jobs.
    Log,
    /// Orders of people to the runner, and its answers.
    Control,
    /// Hooks on hold.
    Holds,
    /// Traces of deliveries.
    Seen,
    /// Messages that wait to be sent.
    Outbox,
    /// Messages that nobody will take.
    OutboxFailed,
    /// Jobs of one state.
    In(State),
}

impl Place {
    /// Directories below the root.
    pub const BELOW_ROOT: [Self; 14] = [
        Self::Tmp,
        Self::Log,
        Self::Control,
        Self::Holds,
        Self::Outbox,
        Self::OutboxFailed,
        Self::In(State::Queued),
        Self::In(State::Running),
        Self::In(State::Waiting),
        Self::In(State::Held),
        Self::In(State::Done),
        Self::In(State::Failed),
        Self::In(State::Corrupt),
        Self::Seen,
    ];

    /// Those without which no job can be trusted to go its way.
    pub const VITAL: &'static [Self] = Self::BELOW_ROOT.split_at(13).0;

    /// Its path, relative to the root.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => ".",
            Self::Tmp => "tmp",
            Self::Log => "log",
            Self::Control => "control",
            Self::Holds => "holds",
            Self::Seen => "seen",
            Self::Outbox => "outbox",
            Self::OutboxFailed => "outbox/failed",
            Self::In(state) => state.as_str(),
        }
    }
}

/// Type of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// Symbolic link, FIFO, socket or device.
    Special,
    /// The file system does not say without a closer look.
    Unknown,
}

/// The facts of `fstat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Type.
    pub kind: Kind,
    /// Number of the inode: the same for two names of one file.
    pub inode: u64,
    /// Number of names.
    pub links: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length in bytes.
    pub size: u64,
    /// Last change of the content, seconds since 1970.
    pub modified_s: i64,
}

/// The purpose for which a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// An action on a file's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Take it, or say that another has it. Nothing waits for a lock: who holds it may be stopped.
    Try,
    /// Give it back.
    Release,
}

/// Result of a call.
pub type Io<T> = Result<T, Errno>;

/// The calls. Names are single path components; nothing is ever followed out of the spool.
pub trait Disk: std::fmt::Debug + Send + Sync + 'static {
    /// An open file. Dropping it closes it and gives back its lock.
    type File: std::fmt::Debug + Send + Sync;

    /// Length of each half of the runner's journal.
    const JOURNAL_HALF_BYTES: usize = 512 * 1024;

    /// The path of an entry, for messages only.
    fn path(&self, place: Place, name: &OsStr) -> PathBuf;

    /// Makes a new file of exactly this mode, open for reading and writing. `EXIST` when the name is taken, even by a
    /// dangling link. The name is durable only after `flush_dir`.
    fn create(&self, place: Place, name: &OsStr, mode: u32) -> Io<Self::File>;

    /// Opens an existing entry. Never follows a link (`LOOP`), never waits for a FIFO's other end or a lease.
    fn open(&self, place: Place, name: &OsStr, access: Access) -> Io<Self::File>;

    /// The facts of an open file.
    fn facts(&self, file: &Self::File) -> Io<Facts>;

    /// The facts of an entry itself: a link is a link. `.` is the directory.
    fn facts_at(&self, place: Place, name: &OsStr) -> Io<Facts>;

    /// Reads at `offset` into `into`; 0 is the end.
    fn read_at(&self, file: &Self::File, into: &mut [u8], offset: u64) -> Io<usize>;

    /// Writes at `offset`, perhaps less than all. Durable only after `flush`; until then a crash may leave none of it,
    /// any part of it, or zeros in its place.
    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> Io<usize>;

    /// Sets the length.
    fn truncate(&self, file: &Self::File, length: u64) -> Io<()>;

    /// Makes the file's content durable (fsync). After an error the same descriptor says nothing more: the kernel has
    /// marked the pages clean, and a second call would lie.
    fn flush(&self, file: &Self::File) -> Io<()>;

    /// Makes the content of a file durable whose length has not changed (fdatasync). Errors as those of `flush`.
    fn flush_data(&self, file: &Self::File) -> Io<()>;

    /// Makes everything on the file system durable, names and contents (syncfs).
    fn flush_all(&self) -> Io<()>;

    /// A name for the time in which what was not flushed is seen all the same: the boot's. Empty where it has none.
    fn boot_id(&self) -> String;

    /// `true` if `flush_all` does what it says, and tells of what could not be written.
    fn may_flush_all(&self) -> bool;

    /// Makes every name made, moved or removed in the directory durable.
    fn flush_dir(&self, place: Place) -> Io<()>;

    /// Moves an entry, atomically for whoever looks; `EXIST` when the new name is taken. Durable after `flush_dir` of
    /// both places; before that a crash may leave the old name, the new one or both, never neither.
    fn rename(&self, from: (Place, &OsStr), to: (Place, &OsStr)) -> Io<()>;

    /// Removes a name; a directory only when it is empty. Durable after `flush_dir`.
    fn remove(&self, place: Place, name: &OsStr, kind: Kind) -> Io<()>;

    /// Advisory lock of the open file, which dies with its holder. `false`: another has it.
    fn lock(&self, file: &Self::File, lock: Lock) -> Io<bool>;

    /// Advisory lock of a directory, until this disk is dropped. `false`: another has it.
    fn lock_dir(&self, place: Place) -> Io<bool>;

    /// `true` if the path of a directory still leads to the one that is held open: it may have been moved away,
    /// replaced, or mounted over.
    fn is_in_place(&self, place: Place) -> Io<bool>;

    /// Shows each entry of a directory but `.` and `..`, in no order. What comes and goes meanwhile may be missed.
    fn entries(&self, place: Place, visit: &mut dyn FnMut(&OsStr, Kind)) -> Io<()>;

    /// Bytes that are free for us.
    fn free_bytes(&self) -> Io<u64>;

    /// Writes all of `bytes` at `offset`.
    fn write_all_at(&self, file: &Self::File, mut bytes: &[u8], mut offset: u64) -> Io<()> {
        while !bytes.is_empty() {
            let written = self.write_at(file, bytes, offset)?;
            if written == 0 {
                return Err(Errno::IO);
            }
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }

    /// Fills `into` from `offset`; says how much there was before the end.
    fn read_full_at(&self, file: &Self::File, into: &mut [u8], offset: u64) -> Io<usize> {
        let mut filled = 0;
        while filled < into.len() {
            match self.read_at(file, &mut into[filled..], offset + filled as u64)? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }
}
