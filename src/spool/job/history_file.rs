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
pub(in crate::spool) struct HistoryFile<D: Disk> {
    id: JobId,
    file: D::File,
    pub(in crate::spool) history: History,
    /// So many bytes of it are durable, here or in the runner's journal; all, as far as is known, that follow.
    kept: u64,
    added: Vec<u8>,
    /// Bytes after the last whole line, which a crash or a full disk left and the next line replaces.
    torn: bool,
    lost: bool,
}

/// Name of a job's history.
pub(in crate::spool) fn history_name(id: JobId) -> String {
    format!("{id}.events")
}

impl<D: Disk> HistoryFile<D> {
    /// A new, empty history. Its name is durable after a flush of the directory.
    pub(in crate::spool) fn create(disk: &D, state: State, id: JobId) -> Io<Self> {
        let name = history_name(id);
        let file = with_reserve(disk, || disk.create(Place::In(state), name.as_ref(), JOB_MODE))?;
        Ok(Self { id, file, history: History::default(), kept: 0, added: Vec::new(), torn: false, lost: false })
    }

    /// An existing history, for writing.
    pub(in crate::spool) fn open(disk: &D, state: State, id: JobId) -> Io<Self> {
        let file = disk.open(Place::In(state), history_name(id).as_ref(), Access::Write)?;
        let (history, added, torn) = read_bytes(disk, &file)?;
        Ok(Self { id, file, history, kept: 0, added, torn, lost: false })
    }

    /// Adds a line and flushes it. When this returns `Ok`, no crash can undo it, once the name is durable.
    pub(in crate::spool) fn append(&mut self, disk: &D, entry: &Entry) -> Result<(), SpoolError> {
        self.put(disk, entry)?;
        self.flush(disk)?;
        self.push(entry);
        Ok(())
    }

    /// Flushes it where it lies.
    pub(in crate::spool) fn flush(&mut self, disk: &D) -> Result<(), SpoolError> {
        self.lose();
        disk.flush(&self.file).map_err(|e| self.error(disk, "flush", e))?;
        self.lost = false;
        self.is_kept();
        Ok(())
    }

    /// Takes no more lines.
    pub(in crate::spool) fn lose(&mut self) {
        self.lost = true;
    }

    /// Adds a line. The end of this process cannot undo it; a power cut can, until the next `append`.
    pub(in crate::spool) fn note(&mut self, disk: &D, entry: &Entry) -> Result<(), SpoolError> {
        self.put(disk, entry)?;
        self.push(entry);
        Ok(())
    }

    /// The entry whose line was put last counts.
    pub(in crate::spool) fn push(&mut self, entry: &Entry) {
        let end = self.kept + self.added.len() as u64;
        self.history.push(entry.clone(), end - self.history.length_bytes());
    }

    /// The bytes that are not known to be durable, and where they begin.
    pub(in crate::spool) fn added(&self) -> (u64, &[u8]) {
        (self.kept, &self.added)
    }

    /// All of it is durable now, here or elsewhere.
    pub(in crate::spool) fn is_kept(&mut self) {
        self.kept += self.added.len() as u64;
        self.added.clear();
    }

    /// Brings one that was just opened up to date: what is at `offset` must be `lines`, and may go on after them.
    /// `false` if it was so.
    pub(in crate::spool) fn make_whole(&mut self, disk: &D, offset: usize, lines: &[u8]) -> Io<bool> {
        if self.added.get(offset..).is_some_and(|rest| rest.starts_with(lines)) {
            return Ok(false);
        }
        disk.truncate(&self.file, offset as u64)?;
        with_reserve(disk, || disk.write_all_at(&self.file, lines, offset as u64))?;
        disk.flush(&self.file)?;
        self.added.truncate(offset);
        self.added.extend_from_slice(lines);
        (self.history, self.torn) = (History::parse(&self.added), false);
        Ok(true)
    }

    /// Writes the line of an entry, which counts once it is pushed.
    pub(in crate::spool) fn put(&mut self, disk: &D, entry: &Entry) -> Result<(), SpoolError> {
        if self.lost {
            return Err(SpoolError::HistoryLost(self.id));
        }
        let line = entry.to_line();
        self.write(disk, &line).map_err(|e| self.error(disk, "append to", e))?;
        self.added.extend_from_slice(&line);
        Ok(())
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
    read_bytes(disk, file).map(|(history, _, torn)| (history, torn))
}

/// The same with its whole lines as they are.
fn read_bytes<D: Disk>(disk: &D, file: &D::File) -> Io<(History, Vec<u8>, bool)> {
    let size = disk.facts(file)?.size;
    if size > LIMIT_BYTES {
        return Err(Errno::FBIG);
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let filled = disk.read_full_at(file, &mut bytes, 0)?;
    let history = History::parse(&bytes[..filled]);
    let torn = history.length_bytes() != size;
    bytes.truncate(usize::try_from(history.length_bytes()).unwrap_or(filled));
    Ok((history, bytes, torn))
}
