//! Edge. Removal of jobs in `done/` that are older than somebody wants to keep them, or more than that many.

use super::SpoolOwner;
use super::state_dirs::job_name;
use crate::model::{JobId, State};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::version;
use crate::spool::disk::{Disk, Facts, Kind, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::history_file::history_name;
use crate::spool::relay::RelayDir;
use crate::spool::view::where_is;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The jobs that have ended and are kept. Whatever one of the two gives up may go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Only what ended since.
    pub since: Option<Timestamp>,
    /// Only so many, the newest by arrival.
    pub newest: Option<usize>,
}

/// The result of a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// Jobs that are gone, with their histories and logs, and logs whose jobs were gone before.
    pub ids: Vec<JobId>,
    /// Their size, in bytes.
    pub bytes: u64,
    /// Jobs that are not where what ended is.
    pub refused: Vec<(JobId, State)>,
}

/// Jobs that `retention` gives up, oldest first: those that ended well or by a decision, and with `failed` those in
/// `failed/`; then logs without a job. Reads names and times only.
pub fn expired(root: &Path, retention: Retention, failed: bool) -> Result<Vec<JobId>, SpoolError> {
    let disk = version::open(root)?;
    let states: &[State] = if failed { &[State::Done, State::Failed] } else { &[State::Done] };
    let mut found = Vec::new();
    // Where no number is given, what arrived later need not be looked at, nor kept in memory.
    let may_go = |id| retention.newest.is_some() || retention.since.is_some_and(|since| arrived_before(id, since));
    for &state in states {
        list(&disk, Place::In(state), ".job", &mut |id| found.extend(may_go(id).then_some((id, state))))?;
    }
    found.sort_unstable();
    let surplus = retention.newest.map_or(0, |newest| found.len().saturating_sub(newest));
    let is_old = |id, state| retention.since.is_some_and(|since| ended_before(&disk, id, state, since));
    let mut expired: Vec<JobId> = Vec::new();
    for (index, (id, state)) in found.into_iter().enumerate() {
        if index < surplus || is_old(id, state) {
            expired.push(id);
        }
    }
    keep_marked(root, &mut expired)?;
    if let Some(since) = retention.since {
        expired.extend(lone_logs(&disk, since)?);
    }
    Ok(expired)
}

/// Keeps jobs that other hosts have not taken.
fn keep_marked(root: &Path, expired: &mut Vec<JobId>) -> Result<(), SpoolError> {
    let relay = RelayDir::of(root);
    if relay.hosts()?.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    for id in std::mem::take(expired) {
        if relay.waiting_for(id)?.is_empty() {
            kept.push(id);
        }
    }
    *expired = kept;
    Ok(())
}

/// A job ends after it arrives, so that its name answers for most of them; then the time of its history's last line.
fn ended_before(disk: &RealDisk, id: JobId, state: State, since: Timestamp) -> bool {
    let before = |modified_s: i64| modified_s < since.as_second();
    let history = || disk.facts_at(Place::In(state), history_name(id).as_ref());
    let job = || disk.facts_at(Place::In(state), job_name(id).as_ref());
    arrived_before(id, since) && history().or_else(|_| job()).is_ok_and(|facts| before(facts.modified_s))
}

fn arrived_before(id: JobId, time: Timestamp) -> bool {
    i128::from(id.sequence()) < time.as_nanosecond()
}

fn lone_logs(disk: &RealDisk, since: Timestamp) -> Result<Vec<JobId>, SpoolError> {
    let mut old = Vec::new();
    list(disk, Place::Log, ".log", &mut |id| old.extend(arrived_before(id, since).then_some(id)))?;
    let mut lone = Vec::new();
    for id in old {
        lone.extend(where_is(disk, id)?.is_none().then_some(id));
    }
    Ok(lone)
}

fn list(disk: &RealDisk, place: Place, end: &str, visit: &mut dyn FnMut(JobId)) -> Result<(), SpoolError> {
    let listed = disk.entries(place, &mut |name, _| {
        let stem = name.as_bytes().strip_suffix(end.as_bytes()).and_then(|stem| std::str::from_utf8(stem).ok());
        if let Some(id) = stem.and_then(|stem| stem.parse().ok()) {
            visit(id);
        }
    });
    listed.map_err(|e| SpoolError::call("list", disk.path(place, OsStr::new("")), e))
}

impl<D: Disk> SpoolOwner<D> {
    /// The time at which a job last came to `done/` or was removed from there.
    pub fn last_ended(&self) -> Option<Timestamp> {
        let facts = self.dirs.disk.facts_at(Place::In(State::Done), OsStr::new("."));
        facts.ok().and_then(|facts| Timestamp::from_second(facts.modified_s).ok())
    }

    /// Removes jobs that ended, with `failed` also those in `failed/`, and logs that have no job. The job itself goes
    /// last, after the removal of its history is durable: whatever a crash leaves is still a job in its place, which
    /// is found and removed the next time, and never a history without one.
    pub fn remove(&self, ids: &[JobId], failed: bool) -> Result<Removed, SpoolError> {
        // A name that came back where the job was before would be a job again.
        self.checkpoint()?;
        let mut removed = Removed::default();
        let mut jobs: Vec<(JobId, State)> = Vec::new();
        for &id in ids {
            match where_is(&self.dirs.disk, id)? {
                Some(state) if self.is_on_its_way(id, state) => removed.refused.push((id, state)),
                Some(state) if state == State::Done || (failed && state == State::Failed) => jobs.push((id, state)),
                Some(state) => removed.refused.push((id, state)),
                None if self.unlink(Place::Log, &log_name(id), &mut removed)? => removed.ids.push(id),
                None => {}
            }
        }
        for &(id, state) in &jobs {
            self.unlink(Place::Log, &log_name(id), &mut removed)?;
            self.unlink(Place::In(state), &history_name(id), &mut removed)?;
        }
        for state in [State::Done, State::Failed] {
            if jobs.iter().any(|(_, s)| *s == state) {
                self.dirs.flush_dirs(&[state])?;
            }
        }
        for &(id, state) in &jobs {
            if self.unlink(Place::In(state), &job_name(id), &mut removed)? {
                removed.ids.push(id);
            }
        }
        Ok(removed)
    }

    /// `true` if a job's history is not yet where the job is: whoever settles it moves the job first.
    fn is_on_its_way(&self, id: JobId, state: State) -> bool {
        let name = history_name(id);
        let has_history = |state: &State| self.dirs.disk.facts_at(Place::In(*state), name.as_ref()).is_ok();
        State::ALL.iter().filter(|other| **other != state).any(has_history)
    }

    /// Removes one file; says whether it was there.
    fn unlink(&self, place: Place, name: &str, removed: &mut Removed) -> Result<bool, SpoolError> {
        let disk = &self.dirs.disk;
        let name = OsStr::new(name);
        let size = |facts: Facts| if facts.kind == Kind::Regular { facts.size } else { 0 };
        let bytes = disk.facts_at(place, name).map(size);
        match bytes.and_then(|bytes| disk.remove(place, name, Kind::Regular).map(|()| bytes)) {
            Ok(bytes) => {
                removed.bytes += bytes;
                Ok(true)
            }
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(SpoolError::call("remove", disk.path(place, name), errno)),
        }
    }
}

fn log_name(id: JobId) -> String {
    format!("{id}.log")
}
