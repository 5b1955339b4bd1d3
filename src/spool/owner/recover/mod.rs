//! Edge. After a crash: every job back in exactly one place, the one that its history names.

pub(in crate::spool::owner) mod mend;

use super::SpoolOwner;
use super::claim::Claim;
use super::listing::Listing;
use super::scan::{Scan, SpoolProblem};
use super::state_dirs::job_name;
use crate::model::{JobId, State};
use crate::spool::append::sequence::{Sequence, number_in};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::reserve;
use crate::spool::disk::{Disk, Io, Kind, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::history_file::history_name;
use crate::spool::job::name::Name;
use jiff::Timestamp;
use mend::Mending;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::PoisonError;

/// The findings of a recovery.
#[derive(Debug)]
pub struct Recovered<D: Disk = RealDisk> {
    /// Jobs that were running when the runner died, for the caller to judge: their history says whether an attempt had
    /// begun, and under which process and boot.
    pub interrupted: Vec<Claim<D>>,
    /// Entries that were found damaged, hostile or twice.
    pub problems: Vec<SpoolProblem>,
    /// The jobs in `queued/`: a million jobs are listed once at a runner's start.
    pub queued: Scan,
}

/// A name that was seen in a directory. Small, since there may be a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SeenName {
    id: JobId,
    state: State,
    is_history: bool,
}

impl SeenName {
    /// Outside `queued/`, whose listing says what is no regular file, any kind counts: a claim may have moved it there
    /// before it looked.
    fn of(name: Name, state: State) -> Option<Self> {
        let is_history = matches!(name, Name::History(_));
        name.id().map(|id| Self { id, state, is_history })
    }

    /// The job beside a history.
    fn job(&self) -> Self {
        Self { is_history: false, ..*self }
    }
}

/// A job's names.
pub(in crate::spool::owner) struct Found {
    id: JobId,
    jobs: Vec<State>,
    histories: Vec<State>,
}

impl Found {
    fn of(seen: &[SeenName]) -> Self {
        let states = |is_history| seen.iter().filter(|s| s.is_history == is_history).map(|s| s.state).collect();
        Self { id: seen[0].id, jobs: states(false), histories: states(true) }
    }

    /// Looks for a job's names in every place.
    pub(in crate::spool::owner) fn look<D: Disk>(disk: &D, id: JobId) -> Io<Self> {
        let all = |name: String| {
            let mut states = Vec::new();
            for state in State::ALL {
                match disk.facts_at(Place::In(state), name.as_ref()) {
                    Err(Errno::NOENT) => {}
                    other => other.map(|_| states.push(state))?,
                }
            }
            Ok(states)
        };
        Ok(Self { id, jobs: all(job_name(id))?, histories: all(history_name(id))? })
    }

    /// `true` if nothing but the history's content could tell that a move is missing.
    fn is_settled(&self) -> bool {
        match (self.jobs.as_slice(), self.histories.as_slice()) {
            ([job], []) => *job != State::Running,
            ([job @ (State::Done | State::Corrupt)], [history]) => job == history,
            // What was put away has a history under its own name; a job's may stand beside none.
            ([], [State::Corrupt]) => true,
            _ => false,
        }
    }
}

impl<D: Disk> SpoolOwner<D> {
    /// Puts right what a crash left: jobs and histories in two directories or in the wrong one, old files in `tmp/`,
    /// a spent reserve, a lost sequence. Goes by id and by what the histories say, never by directory alone. Safe to
    /// repeat, and safe to be interrupted; receivers may append meanwhile.
    pub fn recover(&self, at: Timestamp) -> Result<Recovered<D>, SpoolError> {
        let (mut last, mut listing) = (0, Listing::default());
        let seen = self.look_around(&mut last, &mut listing)?;
        let problems = std::mem::take(&mut *self.found_early.lock().unwrap_or_else(PoisonError::into_inner));
        let mut recovered = Recovered { interrupted: Vec::new(), problems, queued: Scan::default() };
        // A second name in `tmp/` that came back would make a job that was running look hostile.
        self.sweep(at, &mut recovered.problems)?;
        for names in seen.chunk_by(|a, b| a.id == b.id) {
            let found = Found::of(names);
            if found.is_settled() {
                continue;
            }
            let (id, was_queued) = (found.id, found.jobs.contains(&State::Queued));
            let target = Mending::of(self, found, &mut recovered, at).mend()?;
            if target == Some(State::Queued) && !was_queued {
                listing.push(id);
            }
        }
        recovered.queued = self.put_in_order(listing, at)?;
        self.raise_sequence(last)?;
        self.refill_reserve()?;
        Ok(recovered)
    }

    /// Without it receivers go by the names of jobs, where the file is damaged; whoever holds its lock keeps no job
    /// from running.
    fn raise_sequence(&self, last: u64) -> Result<(), SpoolError> {
        match Sequence::open(&self.dirs.disk)?.raise(&self.dirs.disk, last) {
            Err(error) if error.errno() == Some(Errno::TIMEDOUT) => Ok(()),
            raised => raised,
        }
    }

    /// Every name that may need a hand, in order, and the last number given out. Of a million jobs that wait and were
    /// never touched, nothing is kept but the oldest, in `listing`: only those count that have a name elsewhere, or a
    /// history.
    fn look_around(&self, last: &mut u64, listing: &mut Listing) -> Result<Vec<SeenName>, SpoolError> {
        let mut elsewhere = Vec::new();
        for state in State::ALL.into_iter().filter(|state| *state != State::Queued) {
            self.list(state, &mut |name, _| {
                let name = Name::of(name);
                *last = (*last).max(number_in(name));
                elsewhere.extend(SeenName::of(name, state));
            })?;
        }
        elsewhere.sort_unstable();
        let is_elsewhere = |id| elsewhere.binary_search_by_key(&id, |seen| seen.id).is_ok();
        let mut queued = Vec::new();
        self.list(State::Queued, &mut |name, kind| {
            let name = listing.take(name, kind);
            *last = (*last).max(number_in(name));
            queued.extend(SeenName::of(name, State::Queued).filter(|seen| seen.is_history || is_elsewhere(seen.id)));
        })?;
        let mut seen = elsewhere;
        seen.extend(queued.iter().filter(|seen| seen.is_history && self.is_queued(seen.id)).map(SeenName::job));
        seen.extend(queued);
        seen.sort_unstable();
        seen.dedup();
        Ok(seen)
    }

    fn is_queued(&self, id: JobId) -> bool {
        let facts = self.dirs.disk.facts_at(Place::In(State::Queued), job_name(id).as_ref());
        facts.is_ok_and(|facts| facts.kind == Kind::Regular)
    }

    /// Makes the reserve whole again if it was spent and there is plenty of space. Says whether it is whole.
    pub fn refill_reserve(&self) -> Result<bool, SpoolError> {
        let disk = &self.dirs.disk;
        reserve::refill(disk).map_err(|e| SpoolError::call("write", disk.path(Place::Root, OsStr::new("reserve")), e))
    }

    pub(in crate::spool) fn problem(&self, state: State, name: &str, text: &str) -> SpoolProblem {
        SpoolProblem { path: self.dirs.disk.path(Place::In(state), name.as_ref()), text: text.to_owned() }
    }
}
