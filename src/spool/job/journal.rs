//! Edge. A job's history as a file that only grows: append, flush, and only then go on to what follows from it.

use super::entry::Entry;
use super::history::History;
use crate::model::{JobId, State};
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Access, Disk, Io, JOB_MODE, Place};
use crate::spool::error::SpoolError;
use rustix::io::Errno;

/// An open `.events` file. There is one writer, the holder of the spool's lock.
#[derive(Debug)]
pub(in crate::spool) struct Journal<D: Disk> {
    id: JobId,
    file: D::File,
    pub(in crate::spool) history: History,
    /// Bytes after the last whole line, which a crash or a full disk left and the next line replaces.
    torn: bool,
    lost: bool,
}

/// Name of a job's history.
pub(in crate::spool) fn history_name(id: JobId) -> String {
    format!("{id}.events")
}

impl<D: Disk> Journal<D> {
    /// A new, empty history. Its name is durable after a flush of the directory.
    pub(in crate::spool) fn create(disk: &D, state: State, id: JobId) -> Io<Self> {
        let name = history_name(id);
        let file = with_reserve(disk, || disk.create(Place::In(state), name.as_ref(), JOB_MODE))?;
        Ok(Self { id, file, history: History::default(), torn: false, lost: false })
    }

    /// An existing history, for writing.
    pub(in crate::spool) fn open(disk: &D, state: State, id: JobId) -> Io<Self> {
        let file = disk.open(Place::In(state), history_name(id).as_ref(), Access::Write)?;
        let (history, torn) = read(disk, &file)?;
        Ok(Self { id, file, history, torn, lost: false })
    }

    /// Adds a line and flushes it. When this returns `Ok`, no crash can undo it.
    pub(in crate::spool) fn append(&mut self, disk: &D, entry: &Entry) -> Result<(), SpoolError> {
        let length = self.put(disk, entry)?;
        self.lost = true;
        disk.flush(&self.file).map_err(|e| self.error(disk, "flush", e))?;
        self.lost = false;
        self.history.push(entry.clone(), length);
        Ok(())
    }

    /// Adds a line. The end of this process cannot undo it; a power cut can, until the next `append`.
    pub(in crate::spool) fn note(&mut self, disk: &D, entry: &Entry) -> Result<(), SpoolError> {
        let length = self.put(disk, entry)?;
        self.history.push(entry.clone(), length);
        Ok(())
    }

    fn put(&mut self, disk: &D, entry: &Entry) -> Result<u64, SpoolError> {
        if self.lost {
            return Err(SpoolError::HistoryLost(self.id));
        }
        let line = entry.to_line();
        self.write(disk, &line).map_err(|e| self.error(disk, "append to", e))?;
        Ok(line.len() as u64)
    }

    fn write(&mut self, disk: &D, line: &[u8]) -> Io<()> {
        let end = self.history.length_bytes();
        if self.torn {
            disk.truncate(&self.file, end)?;
        }
        self.torn = true;
        with_reserve(disk, || disk.write_all_at(&self.file, line, end))?;
        self.torn = false;
        Ok(())
    }

    /// The file may have moved since it was opened; `running/` is where it is written to most.
    fn error(&self, disk: &D, call: &'static str, errno: Errno) -> SpoolError {
        SpoolError::call(call, disk.path(Place::In(State::Running), history_name(self.id).as_ref()), errno)
    }
}

/// Longest history that is read: some 20,000 lines.
const LIMIT_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a history; says whether something follows its last whole line.
pub(in crate::spool) fn read<D: Disk>(disk: &D, file: &D::File) -> Io<(History, bool)> {
    let size = disk.facts(file)?.size;
    if size > LIMIT_BYTES {
        return Err(Errno::FBIG);
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let filled = disk.read_full_at(file, &mut bytes, 0)?;
    let history = History::parse(&bytes[..filled]);
    let torn = history.length_bytes() != size;
    Ok((history, torn))
}
