//! Edge. The runner's journal, one file that is written to in place: two flushes an attempt, and one checkpoint for
//! many. `src/README.md` has the protocol.

pub(in crate::spool) mod reading;
pub(in crate::spool) mod record;

use crate::model::JobId;
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Access, Disk, Facts, Io, Kind, Place};
use crate::spool::error::is_damage;
use reading::{Reading, half_of};
use record::{Addition, RECORD_LIMIT_BYTES, Record, SECTOR_BYTES};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

/// Mode of the file: it is the runner's.
pub(in crate::spool) const JOURNAL_MODE: u32 = 0o600;
/// Room at the end of each half for those records that say from where on records count: at most that of a checkpoint
/// and that of whoever takes the lock next.
const MARKS_BYTES: usize = 2 * SECTOR_BYTES;
/// Read at a time, so that a damaged page costs no more.
const PAGE_BYTES: usize = 4096;

/// Its name.
pub(in crate::spool) fn name() -> &'static OsStr {
    OsStr::new("journal")
}

/// The name under which it is made.
fn fresh() -> &'static OsStr {
    OsStr::new("journal.new")
}

/// The journal, open for writing.
#[derive(Debug)]
pub(in crate::spool) struct Journal<D: Disk> {
    file: D::File,
    inode: u64,
    boot: String,
    writing: Mutex<Writing>,
    /// Held for reading from a record to the end of the moves that follow from it.
    moving: RwLock<()>,
    /// Whoever makes a checkpoint has it.
    checkpoint: Mutex<()>,
}

/// The place of the next record.
#[derive(Debug)]
struct Writing {
    generation: u64,
    index: u32,
    since: u64,
    before: u32,
    /// Its distance from the beginning of the half.
    at: usize,
    /// Records of jobs in this generation.
    additions: u32,
    /// Records of jobs since the beginning.
    written: u64,
    /// Nothing more is written to it.
    is_over: bool,
}

impl Writing {
    fn begin(generation: u64, since: u64, before: u32, written: u64) -> Self {
        Self { generation, index: 0, since, before, at: 0, additions: 0, written, is_over: false }
    }

    /// `true` if no record counts.
    fn is_empty(&self) -> bool {
        self.additions == 0 && self.since == self.generation
    }
}

impl<D: Disk> Journal<D> {
    /// The journal that is there, with what is in it. `None`: there is none. `Err`: it cannot be read at all.
    pub(in crate::spool) fn open(disk: &D, boot: &str) -> Io<Option<(Self, Reading)>> {
        let file = match disk.open(Place::Root, name(), Access::Write) {
            Err(Errno::NOENT) => return Ok(None),
            other => other?,
        };
        let facts = disk.facts(&file)?;
        let reading = if is_one::<D>(facts) { read(disk, &file)? } else { strange() };
        let Reading { generation, since, end, count, .. } = reading;
        let last = Writing { index: count, at: end, ..Writing::begin(generation, since, 0, 0) };
        Ok(Some((Self::with(file, facts.inode, boot, last), reading)))
    }

    /// The journal, to be written to: with no record that counts, made if it is not there.
    pub(in crate::spool) fn begin(disk: &D, boot: &str) -> Io<Self> {
        let mut opened = Self::open(disk, boot)?;
        if opened.is_none() {
            make(disk)?;
            opened = Self::open(disk, boot)?;
        }
        let (journal, reading) = opened.ok_or(Errno::NOENT)?;
        if reading.damage.is_some() || !reading.records.is_empty() {
            return Err(Errno::BADMSG);
        }
        let generation = reading.generation + 1;
        *journal.writing() = Writing::begin(generation, generation, reading.count, 0);
        Ok(journal)
    }

    fn with(file: D::File, inode: u64, boot: &str, writing: Writing) -> Self {
        let (writing, moving, checkpoint) = (Mutex::new(writing), RwLock::default(), Mutex::default());
        Self { file, inode, boot: boot.to_owned(), writing, moving, checkpoint }
    }

    /// Writes down what was added to a job's history, and flushes it: when this returns `true`, no crash can undo it.
    /// `false`: it does not fit, or nothing more can be written here.
    pub(in crate::spool) fn record(&self, disk: &D, id: JobId, offset: u64, lines: &[u8]) -> Io<bool> {
        if lines.len() > RECORD_LIMIT_BYTES - SECTOR_BYTES {
            return Ok(false);
        }
        // Held while it is flushed: no record is ever written behind one that may not be there.
        let mut writing = self.writing();
        let addition = Some(Addition { id, offset, lines: lines.to_vec() });
        if writing.is_over {
            return Ok(false);
        }
        // What could not be written is flushed where it lies, as all that follows is.
        let limit = D::JOURNAL_HALF_BYTES - MARKS_BYTES;
        let Ok(Some(length)) = self.write(disk, &mut writing, addition, limit) else { return Ok(false) };
        self.flush(disk, &mut writing, length)?;
        writing.additions += 1;
        writing.written += 1;
        Ok(true)
    }

    /// Its length; `None` where it does not fit.
    fn write(&self, disk: &D, writing: &mut Writing, addition: Option<Addition>, limit: usize) -> Io<Option<usize>> {
        let Writing { generation, index, since, before, .. } = *writing;
        let bytes = Record { generation, index, since, before, boot: self.boot.clone(), addition }.to_bytes();
        if writing.at + bytes.len() > limit {
            return Ok(None);
        }
        let offset = half_of(generation) * D::JOURNAL_HALF_BYTES + writing.at;
        writing.is_over = true;
        with_reserve(disk, || disk.write_all_at(&self.file, &bytes, offset as u64))?;
        Ok(Some(bytes.len()))
    }

    /// After an error nothing can be told of the file any more.
    fn flush(&self, disk: &D, writing: &mut Writing, length: usize) -> Io<()> {
        disk.flush_data(&self.file)?;
        writing.is_over = false;
        writing.at += length;
        writing.index += 1;
        Ok(())
    }

    /// Writes down from where on records count.
    fn mark(&self, disk: &D, writing: &mut Writing) -> Io<()> {
        let length = self.write(disk, writing, None, D::JOURNAL_HALF_BYTES)?.ok_or(Errno::NOSPC)?;
        self.flush(disk, writing, length)
    }

    /// Keeps checkpoints away until the moves that follow from a record are made.
    pub(in crate::spool) fn moving(&self) -> RwLockReadGuard<'_, ()> {
        self.moving.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a checkpoint if a long record might not fit any more. Not while moving.
    pub(in crate::spool) fn make_room(&self, disk: &D) -> Io<()> {
        let is_full = |writing: &Writing| {
            writing.at + RECORD_LIMIT_BYTES.min(D::JOURNAL_HALF_BYTES / 2) > D::JOURNAL_HALF_BYTES - MARKS_BYTES
        };
        if !is_full(&self.writing()) {
            return Ok(());
        }
        let _alone = self.alone();
        // Another may have done it meanwhile.
        if is_full(&self.writing()) { self.check_point(disk) } else { Ok(()) }
    }

    /// Makes durable whatever the records say: they count no more. Not while moving.
    pub(in crate::spool) fn checkpoint(&self, disk: &D) -> Io<()> {
        let _alone = self.alone();
        self.check_point(disk)
    }

    fn check_point(&self, disk: &D) -> Io<()> {
        if !self.turn() {
            return Ok(());
        }
        let flushed = disk.flush_all();
        let mut writing = self.writing();
        if let Err(errno) = flushed {
            writing.is_over = true;
            return Err(errno);
        }
        if !writing.is_over {
            writing.since = writing.generation;
            self.mark(disk, &mut writing)?;
        }
        Ok(())
    }

    /// Goes over to the other half, when all that the records of this one say is done, if not yet durable. `false`:
    /// there is nothing to be made durable.
    fn turn(&self) -> bool {
        let _none_moves = self.moving.write().unwrap_or_else(PoisonError::into_inner);
        let mut writing = self.writing();
        if writing.is_over || writing.is_empty() {
            return writing.is_over;
        }
        let Writing { generation, index, since, written, .. } = *writing;
        *writing = Writing::begin(generation + 1, since, index, written);
        true
    }

    /// Makes durable what is seen in it.
    pub(in crate::spool) fn make_sure(&self, disk: &D) -> Io<()> {
        if self.writing().generation == 0 { Ok(()) } else { disk.flush_data(&self.file) }
    }

    /// Says that no record counts any more: whoever followed them has made all of it durable.
    pub(in crate::spool) fn close(&self, disk: &D) -> Io<()> {
        let mut writing = self.writing();
        writing.since = writing.generation + 1;
        self.mark(disk, &mut writing)
    }

    /// Records of jobs so far, if any of them counts.
    pub(in crate::spool) fn pending(&self) -> Option<u64> {
        let writing = self.writing();
        (!writing.is_empty() && !writing.is_over).then_some(writing.written)
    }

    /// `true` if the name still leads to it, or nothing is written to it any more anyway.
    pub(in crate::spool) fn is_in_place(&self, disk: &D) -> bool {
        self.writing().is_over || disk.facts_at(Place::Root, name()).is_ok_and(|facts| facts.inode == self.inode)
    }

    /// Writes nothing more to it.
    pub(in crate::spool) fn forsake(&self) {
        self.writing().is_over = true;
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_one<D: Disk>(facts: Facts) -> bool {
    facts.kind == Kind::Regular && facts.size == 2 * D::JOURNAL_HALF_BYTES as u64
}

fn strange() -> Reading {
    Reading { damage: Some("it is not a file as the runner makes it".to_owned()), ..Reading::default() }
}

/// Reads page by page: what cannot be read hides nothing else.
fn read<D: Disk>(disk: &D, file: &D::File) -> Io<Reading> {
    let mut bytes = vec![0; 2 * D::JOURNAL_HALF_BYTES];
    let mut lost = None;
    for (number, page) in bytes.chunks_mut(PAGE_BYTES).enumerate() {
        match disk.read_full_at(file, page, (number * PAGE_BYTES) as u64) {
            Err(errno) if is_damage(errno) => {
                page.fill(0);
                lost = Some(format!("page {number} of it cannot be read"));
            }
            other => drop(other?),
        }
    }
    let (even, odd) = bytes.split_at(D::JOURNAL_HALF_BYTES);
    let reading = Reading::of([even, odd]);
    Ok(Reading { damage: reading.damage.or(lost), ..reading })
}

/// Makes it under another name, so that one that has its own is whole. Zeros are written, and not only promised: a
/// block that was never written to costs more than its flush.
fn make<D: Disk>(disk: &D) -> Io<()> {
    let file = match disk.create(Place::Root, fresh(), JOURNAL_MODE) {
        Err(Errno::EXIST) => {
            disk.remove(Place::Root, fresh(), Kind::Regular)?;
            disk.create(Place::Root, fresh(), JOURNAL_MODE)?
        }
        other => other?,
    };
    let zeros = vec![0; 2 * D::JOURNAL_HALF_BYTES];
    let written = disk.write_all_at(&file, &zeros, 0).and_then(|()| disk.flush(&file));
    let named = written.and_then(|()| disk.rename((Place::Root, fresh()), (Place::Root, name())));
    if named.is_err() {
        let _ = disk.remove(Place::Root, fresh(), Kind::Regular);
    }
    named.and_then(|()| disk.flush_dir(Place::Root))
}
