//! Edge. A job that is being written: payload first, then commit. Holds one file in `tmp/`, once there is one.

use super::receiver_disk::ReceiverDisk;
use crate::model::{JobId, JobMeta, State};
use crate::spool::disk::in_place;
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Disk, Io, JOB_MODE, Kind, Lock, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::format;
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::io::Read;
use std::sync::Arc;

/// A payload up to this size goes out in one write, together with the line below it.
const BUFFER_BYTES: usize = 64 * 1024;

/// A job that is being written. Dropping it removes what it wrote.
pub struct Draft<D: Disk = RealDisk> {
    shared: Arc<ReceiverDisk<D>>,
    random: [u8; 8],
    file: Option<D::File>,
    spilled_bytes: u64,
    buffer: Vec<u8>,
    hash: Sha256,
}

impl<D: Disk> Draft<D> {
    pub(in crate::spool) fn new(shared: Arc<ReceiverDisk<D>>, random: [u8; 8]) -> Self {
        Self { shared, random, file: None, spilled_bytes: 0, buffer: Vec::new(), hash: Sha256::new() }
    }

    /// Appends to the payload.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.hash.update(bytes);
        if self.file.is_none() && self.buffer.len() + bytes.len() <= BUFFER_BYTES {
            self.buffer.extend_from_slice(bytes);
            return Ok(());
        }
        if self.file.is_none() {
            self.spill()?;
        }
        self.append(bytes)
    }

    /// Length of the payload so far, in bytes.
    pub fn len(&self) -> u64 {
        self.spilled_bytes + self.buffer.len() as u64
    }

    /// `true` if the payload is empty so far.
    #[allow(dead_code, reason = "goes with `len`")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The payload so far, from its start. May be called again and again.
    pub fn reader(&self) -> impl Read + '_ {
        DraftReader { draft: self, offset: 0 }
    }

    /// Makes it a job: takes a number, adds the last line, flushes the file, moves it into `queued/`, flushes that.
    /// After `Ok` the job survives a power cut, in the spool that the path leads to. After `Err` it was most likely not
    /// accepted; only when the flush of `queued/` failed may it still be there, whole, and run.
    pub fn commit(mut self, meta: &JobMeta) -> Result<JobId, SpoolError> {
        let id = self.take_number(meta)?;
        let tail = format::tail(id, meta, self.len(), &self.hash);
        if tail.len() - 2 > format::LINE_LIMIT_BYTES {
            let bytes = tail.len() - 2;
            return Err(SpoolError::DescriptionTooLong { bytes, limit_bytes: format::LINE_LIMIT_BYTES });
        }
        if self.file.is_none() {
            self.file = Some(self.create().map_err(|e| self.error("create", e))?);
        }
        let mut rest = std::mem::take(&mut self.buffer);
        rest.extend_from_slice(&tail);
        self.append(&rest)?;
        self.seal_and_move(id)?;
        Ok(id)
    }

    fn take_number(&self, meta: &JobMeta) -> Result<JobId, SpoolError> {
        let number = self.shared.sequence.next(&self.shared.disk, meta.arrived_at)?;
        let [a, b, c, d, ..] = self.random;
        JobId::new(number, u32::from_ne_bytes([a, b, c, d])).ok_or(SpoolError::ClockOutOfRange(meta.arrived_at))
    }

    /// Flush, move, flush. On an error the draft is dropped, which removes the file; its descriptor is not used again.
    fn seal_and_move(&mut self, id: JobId) -> Result<(), SpoolError> {
        let disk = &self.shared.disk;
        let name = self.name();
        let queued = Place::In(State::Queued);
        let job = format!("{id}.job");
        if let Some(file) = &self.file {
            disk.flush(file).map_err(|e| self.error("flush", e))?;
        }
        with_reserve(disk, || disk.rename((Place::Tmp, name.as_ref()), (queued, job.as_ref())))
            .map_err(|e| SpoolError::call("move a draft to", disk.path(queued, job.as_ref()), e))?;
        self.file = None;
        let disk = &self.shared.disk;
        self.shared
            .arrivals
            .flush(|| disk.flush_dir(queued))
            .map_err(|e| SpoolError::call("flush", disk.path(queued, OsStr::new("")), e))?;
        in_place::check(disk, &[queued]).inspect_err(|_| {
            // The sender is told that it was not taken: it must not run when the old directory comes back.
            let _a_runner_was_quicker = disk.remove(queued, job.as_ref(), Kind::Regular);
        })
    }

    /// Begins the file with what was kept in memory, and keeps no more. The lock keeps a sweep away however slow the
    /// sender is.
    fn spill(&mut self) -> Result<(), SpoolError> {
        self.file = Some(self.create().map_err(|e| self.error("create", e))?);
        let kept = std::mem::take(&mut self.buffer);
        self.append(&kept)?;
        match &self.file {
            Some(file) => self.shared.disk.lock(file, Lock::Try).map(drop).map_err(|e| self.error("lock", e)),
            None => Ok(()),
        }
    }

    /// Writes at the end of the file.
    fn append(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        let disk = &self.shared.disk;
        if let Some(file) = &self.file {
            with_reserve(disk, || disk.write_all_at(file, bytes, self.spilled_bytes))
                .map_err(|e| self.error("write", e))?;
        }
        self.spilled_bytes += bytes.len() as u64;
        Ok(())
    }

    fn create(&self) -> Io<D::File> {
        let disk = &self.shared.disk;
        with_reserve(disk, || disk.create(Place::Tmp, self.name().as_ref(), JOB_MODE))
    }

    fn name(&self) -> String {
        hex::encode(self.random)
    }

    fn error(&self, call: &'static str, errno: Errno) -> SpoolError {
        SpoolError::call(call, self.shared.disk.path(Place::Tmp, self.name().as_ref()), errno)
    }
}

/// Without the payload, which has no place in a log.
impl<D: Disk> std::fmt::Debug for Draft<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft").field("name", &self.name()).field("length", &self.len()).finish_non_exhaustive()
    }
}

impl<D: Disk> Drop for Draft<D> {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = self.shared.disk.remove(Place::Tmp, self.name().as_ref(), Kind::Regular);
        }
    }
}

/// Reads what was spilled from the file, the rest from the buffer.
struct DraftReader<'a, D: Disk> {
    draft: &'a Draft<D>,
    offset: u64,
}

impl<D: Disk> Read for DraftReader<'_, D> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let draft = self.draft;
        let read = match &draft.file {
            Some(file) if self.offset < draft.spilled_bytes => {
                let left = usize::try_from(draft.spilled_bytes - self.offset).unwrap_or(usize::MAX);
                let room = into.len().min(left);
                draft.shared.disk.read_at(file, &mut into[..room], self.offset)?
            }
            _ => {
                let from = usize::try_from(self.offset - draft.spilled_bytes).unwrap_or(usize::MAX);
                draft.buffer.get(from..).unwrap_or_default().read(into)?
            }
        };
        self.offset += read as u64;
        Ok(read)
    }
}
