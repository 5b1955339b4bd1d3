//! Edge. The counts of jobs that ended, as the runner keeps them: `log/tally`, one file, flushed and put in place by a
//! rename. In the spool itself a new name would wake the runner. A runner that is killed leaves out what it had not yet
//! written down, of a second at most.

use super::SpoolOwner;
use super::state_dirs::StateDirs;
use crate::model::{JobId, Outcome, State};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::{Access, Disk, JOB_MODE, Place};
use crate::spool::error::{SpoolError, is_damage};
use crate::spool::job::history::History;
use crate::spool::tally::{EndedJob, Tally};
use crate::spool::view::describe_job;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{MutexGuard, PoisonError};

/// Longest file that is read.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// The name, and the one under which it is written.
const NAME: &str = "tally";
const FRESH: &str = "tally.new";

/// The counts, and what is to be told of their file.
#[derive(Debug, Clone, Default)]
pub struct KeptTally {
    /// All that was counted.
    pub tally: Tally,
    /// The reason why counting begins anew, if it does.
    pub begun_anew: Option<String>,
}

impl<D: Disk> StateDirs<D> {
    /// Counts a job that has ended; in memory, until the next [`SpoolOwner::keep_tally`].
    pub(in crate::spool) fn count(&self, job: &EndedJob<'_>) {
        self.counted().note(job);
    }

    /// The same for one that is not at hand: what cannot be read is not counted.
    pub(in crate::spool) fn count_at_rest(
        &self,
        (id, state): (JobId, State),
        history: &History,
        outcome: Outcome,
        at: Timestamp,
    ) {
        if let Ok(Some(meta)) = describe_job(&self.disk, id, state) {
            self.count(&EndedJob { hook: &meta.hook, arrived_at: meta.arrived_at, history, outcome, at });
        }
    }

    /// Jobs are settled meanwhile, which wait for it: never for long.
    fn counted(&self) -> MutexGuard<'_, Tally> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpoolOwner {
    /// Adds what was counted since the last call to the file, and returns all of it. What cannot be written is kept in
    /// memory until it can. A file that cannot be read is not replaced, unless it is damaged: there are no counts then.
    pub fn keep_tally(&self) -> Result<KeptTally, (Option<KeptTally>, SpoolError)> {
        let disk = &self.dirs.disk;
        let _one_at_a_time = self.tally_file.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = std::mem::take(&mut *self.dirs.counted());
        let mut kept = match read(disk) {
            Ok(kept) => kept,
            Err(error) => {
                self.dirs.counted().add(&counted);
                return Err((None, error));
            }
        };
        kept.tally.add(&counted);
        if counted.is_empty() && kept.begun_anew.is_none() {
            return Ok(kept);
        }
        write(disk, &kept.tally).map_err(|error| {
            self.dirs.counted().add(&counted);
            (Some(kept.clone()), failed(disk, "write", Errno::from_io_error(&error).unwrap_or(Errno::IO)))
        })?;
        Ok(kept)
    }
}

/// The counts in the file; none where there is no such file, or it makes no sense.
pub(in crate::spool) fn read<D: Disk>(disk: &D) -> Result<KeptTally, SpoolError> {
    let text = || {
        let file = disk.open(Place::Log, OsStr::new(NAME), Access::Read)?;
        let mut text = vec![0; LIMIT_BYTES];
        let filled = disk.read_full_at(&file, &mut text, 0)?;
        text.truncate(filled);
        Ok::<_, Errno>(text)
    };
    let begun_anew = |why: String| KeptTally { tally: Tally::default(), begun_anew: Some(why) };
    match text() {
        Err(Errno::NOENT) => Ok(KeptTally::default()),
        Err(errno) if is_damage(errno) => Ok(begun_anew(crate::spool::error::words(errno))),
        Err(errno) => Err(failed(disk, "read", errno)),
        Ok(text) => Ok(serde_json::from_slice(&text)
            .map_or_else(|error| begun_anew(error.to_string()), |tally| KeptTally { tally, begun_anew: None })),
    }
}

fn failed<D: Disk>(disk: &D, verb: &'static str, errno: Errno) -> SpoolError {
    SpoolError::call(verb, disk.path(Place::Log, OsStr::new(NAME)), errno)
}

/// Writes the file under another name, and lets it take the place of the old one: a reader, and the runner after one
/// that was killed, find one or the other. Without the flush a power cut may leave the new name, and nothing in it.
fn write(disk: &RealDisk, tally: &Tally) -> io::Result<()> {
    let path = |name: &str| disk.path(Place::Log, OsStr::new(name));
    let mut text = serde_json::to_vec(tally)?;
    text.push(b'\n');
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(JOB_MODE).open(path(FRESH))?;
    file.write_all(&text)?;
    file.sync_data()?;
    fs::rename(path(FRESH), path(NAME))
}
