//! Edge. A job that the runner holds: what it is, what happened to it, and how it is settled.

use super::state_dirs::{StateDirs, job_name};
use crate::model::{JobId, JobMeta, State, next};
use crate::spool::disk::Disk;
use crate::spool::disk::real::RealDisk;
use crate::spool::error::SpoolError;
use crate::spool::job::check::{PayloadReader, Whole};
use crate::spool::job::entry::{Entry, HistoryEvent};
use crate::spool::job::history::History;
use crate::spool::job::history_file::HistoryFile;
use crate::spool::job::settlement::Settlement;
use crate::spool::tally::EndedJob;
use jiff::Timestamp;
use std::io::Read;
use std::sync::Arc;

/// A job in `running/` that was found whole. Dropping it unsettled leaves it there, for the next `recover`.
#[derive(Debug)]
pub struct Claim<D: Disk = RealDisk> {
    pub(in crate::spool) dirs: Arc<StateDirs<D>>,
    pub(in crate::spool) id: JobId,
    pub(in crate::spool) file: D::File,
    pub(in crate::spool) whole: Box<Whole>,
    pub(in crate::spool) history_file: HistoryFile<D>,
    pub(in crate::spool) attempt: u32,
    /// The state out of which it was claimed, as long as that is not flushed: the journal's next record stands for it.
    pub(in crate::spool) unflushed: Option<State>,
}

/// The result of a claim.
#[derive(Debug)]
pub enum Claimed<D: Disk = RealDisk> {
    /// The job is ours.
    Job(Box<Claim<D>>),
    /// It is no longer there.
    Gone,
    /// Its history is lost, so that a person has to decide: it is in `held/`.
    Held {
        /// The fate of the history.
        reason: String,
    },
    /// It is damaged or hostile, and now in `corrupt/`.
    Corrupt {
        /// The damage.
        reason: String,
    },
}

impl<D: Disk> Claim<D> {
    /// Its id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The description of the delivery.
    pub fn meta(&self) -> &JobMeta {
        &self.whole.meta
    }

    /// Number of the attempt that this claim is for: one more than had begun when it was claimed.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The events up to the last `record`.
    pub fn history(&self) -> &History {
        &self.history_file.history
    }

    /// Exactly the payload. The bytes are compared with their hash once more as they pass, since a receiver may still
    /// have the file open: if they changed, the end of it is an error (`InvalidData`).
    pub fn payload(&self) -> impl Read + '_ {
        PayloadReader::new(&self.dirs.disk, &self.file, &self.whole)
    }

    /// Adds a line to the history. No crash can undo it after `Ok`.
    pub fn record(&mut self, entry: &Entry) -> Result<(), SpoolError> {
        self.dirs.make_room()?;
        self.put_down(entry).map(drop)
    }

    /// `true` if the journal has the line, and stands for all moves so far. Else everything is flushed where it lies.
    fn put_down(&mut self, entry: &Entry) -> Result<bool, SpoolError> {
        let is_recorded = self.dirs.put_down(self.id, &mut self.history_file, entry)?;
        if !is_recorded {
            self.flush_claim()?;
        }
        Ok(is_recorded)
    }

    /// Makes the claim durable, unless it is.
    pub(in crate::spool) fn flush_claim(&mut self) -> Result<(), SpoolError> {
        let Some(from) = self.unflushed else { return Ok(()) };
        let flushed = self.dirs.disk.flush(&self.file);
        flushed.map_err(|e| self.dirs.error("flush", State::Running, job_name(self.id), e))?;
        self.dirs.flush_dirs(&[State::Running, from])?;
        self.unflushed = None;
        Ok(())
    }

    /// Adds a line from which nothing follows. The end of this process cannot undo it; a power cut can, until the next
    /// `record`.
    pub fn note(&mut self, entry: &Entry) -> Result<(), SpoolError> {
        self.history_file.note(&self.dirs.disk, entry)
    }

    /// Records the decision, moves job and history to where it says, and makes both durable. After a crash in between,
    /// `recover` does the move, because the record says so.
    pub fn settle(mut self, settlement: Settlement, at: Timestamp) -> Result<State, SpoolError> {
        let to = next(State::Running, settlement.transition())?;
        let outcome = settlement.outcome();
        self.dirs.make_room()?;
        let dirs = Arc::clone(&self.dirs);
        let _no_checkpoint = dirs.moving();
        let is_recorded = self.put_down(&Entry::new(at, HistoryEvent::from(settlement)))?;
        if let Some(outcome) = outcome {
            let JobMeta { hook, arrived_at, .. } = self.meta();
            self.dirs.count(&EndedJob { hook, arrived_at: *arrived_at, history: self.history(), outcome, at });
        }
        self.dirs.carry(self.id, State::Running, to, at)?;
        if !is_recorded {
            self.dirs.flush_move(self.id, State::Running, to, Some(&self.file))?;
        }
        Ok(to)
    }
}
