//! Edge. After a crash: every job back in exactly one place, the one that its history names.

use super::claim::{Claim, Claimed};
use super::listing::Listing;
use super::scan::{Problem, Scan};
use super::state_dirs::job_name;
use super::{Inspected, SpoolOwner};
use crate::model::{JobId, Outcome, State};
use crate::spool::append::sequence::{Sequence, number_in};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::reserve;
use crate::spool::disk::{Access, Disk, Kind, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::history::History;
use crate::spool::job::journal::{self, history_name};
use crate::spool::job::name::Name;
use jiff::Timestamp;
use rustix::io::Errno;
use std::collections::BTreeSet;
use std::ffi::OsStr;

/// What a recovery found.
#[derive(Debug)]
pub struct Recovered<D: Disk = RealDisk> {
    /// Jobs that were running when the runner died, for the caller to judge: their history says whether an attempt had
    /// begun, and under which process and boot.
    pub interrupted: Vec<Claim<D>>,
    /// What was found damaged, hostile or twice.
    pub problems: Vec<Problem>,
    /// What is in `queued/`: a million jobs are listed once at a runner's start.
    pub queued: Scan,
}

/// A name that was seen in a directory. Small, since there may be a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    id: JobId,
    state: State,
    is_history: bool,
}

impl Seen {
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
struct Found {
    id: JobId,
    jobs: Vec<State>,
    histories: Vec<State>,
}

impl Found {
    fn of(seen: &[Seen]) -> Self {
        let states = |is_history| seen.iter().filter(|s| s.is_history == is_history).map(|s| s.state).collect();
        Self { id: seen[0].id, jobs: states(false), histories: states(true) }
    }

    /// Whether nothing but the history's content could tell that a move is missing.
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
        let mut recovered = Recovered { interrupted: Vec::new(), problems: Vec::new(), queued: Scan::default() };
        // A second name in `tmp/` that came back would make a job that was running look hostile.
        self.sweep(at, &mut recovered.problems)?;
        for names in seen.chunk_by(|a, b| a.id == b.id) {
            let found = Found::of(names);
            if found.is_settled() {
                continue;
            }
            let target = self.mend(&found, &mut recovered, at)?;
            if target == Some(State::Queued) && !found.jobs.contains(&State::Queued) {
                listing.push(found.id);
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
    fn look_around(&self, last: &mut u64, listing: &mut Listing) -> Result<Vec<Seen>, SpoolError> {
        let mut elsewhere = Vec::new();
        for state in State::ALL.into_iter().filter(|state| *state != State::Queued) {
            self.list(state, &mut |name, _| {
                let name = Name::of(name);
                *last = (*last).max(number_in(name));
                elsewhere.extend(Seen::of(name, state));
            })?;
        }
        elsewhere.sort_unstable();
        let is_elsewhere = |id| elsewhere.binary_search_by_key(&id, |seen| seen.id).is_ok();
        let mut queued = Vec::new();
        self.list(State::Queued, &mut |name, kind| {
            let name = listing.take(name, kind);
            *last = (*last).max(number_in(name));
            queued.extend(Seen::of(name, State::Queued).filter(|seen| seen.is_history || is_elsewhere(seen.id)));
        })?;
        let mut seen = elsewhere;
        seen.extend(queued.iter().filter(|seen| seen.is_history && self.is_queued(seen.id)).map(Seen::job));
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

    /// Brings job and history to where they belong; the answer is where, if there is a job.
    fn mend(&self, found: &Found, recovered: &mut Recovered<D>, at: Timestamp) -> Result<Option<State>, SpoolError> {
        let mut touched = BTreeSet::new();
        let (history_in, history) = self.choose_history(found, recovered, &mut touched, at)?;
        if found.jobs.is_empty() {
            return self.put_orphan_away(found.id, history_in, recovered, at).map(|()| None);
        }
        let target = place_for(&found.jobs, &history);
        self.gather_job(found, target, recovered, &mut touched, at)?;
        if let Some(from) = history_in.filter(|&from| from != target) {
            self.dirs.shift(&history_name(found.id), from, target, at)?;
            touched.extend([from, target]);
        }
        self.make_durable(found.id, target, &touched)?;
        if target == State::Running {
            self.readmit(found.id, recovered, at)?;
        }
        Ok(Some(target))
    }

    /// The history with the most lines; the others are names of the same file, or older. A stranger's never counts.
    fn choose_history(
        &self,
        found: &Found,
        recovered: &mut Recovered<D>,
        touched: &mut BTreeSet<State>,
        at: Timestamp,
    ) -> Result<(Option<State>, History), SpoolError> {
        let mut best: Option<(State, History, u64)> = None;
        for &state in &found.histories {
            touched.insert(state);
            let Some((history, inode)) = self.read_history(found.id, state, recovered, at)? else { continue };
            let better = best.as_ref().is_none_or(|(_, b, _)| b.entries().len() < history.entries().len());
            let (loser, same) = match &best {
                None => (None, false),
                Some((s, _, i)) => (Some(if better { *s } else { state }), *i == inode),
            };
            if let Some(loser) = loser {
                self.drop_double(&history_name(found.id), loser, same, recovered, at)?;
            }
            if better {
                best = Some((state, history, inode));
            }
        }
        Ok(best.map_or((None, History::default()), |(state, history, _)| (Some(state), history)))
    }

    fn read_history(
        &self,
        id: JobId,
        state: State,
        recovered: &mut Recovered<D>,
        at: Timestamp,
    ) -> Result<Option<(History, u64)>, SpoolError> {
        let name = history_name(id);
        let facts = self.dirs.disk.facts_at(Place::In(state), name.as_ref());
        let facts = facts.map_err(|e| self.dirs.error("look at", state, &name, e))?;
        if facts.kind != Kind::Regular || !self.dirs.owners.may_own_history(facts) {
            self.dirs.put_away(state, name.as_ref(), "a history that no runner wrote", at)?;
            recovered.problems.push(self.problem(state, &name, "a history that no runner wrote; moved to corrupt/"));
            return Ok(None);
        }
        let read = self.dirs.disk.open(Place::In(state), name.as_ref(), Access::Read);
        let read = read.and_then(|file| journal::read(&self.dirs.disk, &file));
        let (history, _) = read.map_err(|e| self.dirs.error("read", state, &name, e))?;
        Ok(Some((history, facts.inode)))
    }

    /// Brings the one copy of the job that counts to `target`, and removes its other names.
    fn gather_job(
        &self,
        found: &Found,
        target: State,
        recovered: &mut Recovered<D>,
        touched: &mut BTreeSet<State>,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let name = job_name(found.id);
        let keep = if found.jobs.contains(&target) { target } else { preferred(&found.jobs) };
        let inode = |state| self.dirs.disk.facts_at(Place::In(state), name.as_ref()).map(|f| f.inode);
        for &other in found.jobs.iter().filter(|&&s| s != keep) {
            let same = inode(keep).and_then(|kept| inode(other).map(|i| i == kept));
            let same = same.map_err(|e| self.dirs.error("look at", other, &name, e))?;
            self.drop_double(&name, other, same, recovered, at)?;
            touched.extend([keep, other]);
        }
        if keep != target {
            self.dirs.shift(&name, keep, target, at)?;
            touched.extend([keep, target]);
        }
        Ok(())
    }

    /// Removes a second name of a file; another file of that name is kept in `corrupt/`.
    fn drop_double(
        &self,
        name: &str,
        state: State,
        same: bool,
        recovered: &mut Recovered<D>,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        if same {
            let removed = self.dirs.disk.remove(Place::In(state), name.as_ref(), Kind::Regular);
            return removed.map_err(|e| self.dirs.error("remove", state, name, e));
        }
        self.dirs.put_away(state, name.as_ref(), "another file has its name in another directory", at)?;
        recovered.problems.push(self.problem(state, name, "another file of that name exists; moved to corrupt/"));
        Ok(())
    }

    /// A history without a job anywhere: the job was lost or removed, and this is all that is left of it.
    fn put_orphan_away(
        &self,
        id: JobId,
        history_in: Option<State>,
        recovered: &mut Recovered<D>,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let Some(from) = history_in.filter(|&s| s != State::Corrupt) else { return Ok(()) };
        let name = history_name(id);
        self.dirs.shift(&name, from, State::Corrupt, at)?;
        recovered.problems.push(self.problem(from, &name, "a history without a job; moved to corrupt/"));
        self.dirs.flush_dirs(&[State::Corrupt, from])
    }

    fn make_durable(&self, id: JobId, target: State, touched: &BTreeSet<State>) -> Result<(), SpoolError> {
        if touched.is_empty() {
            return Ok(());
        }
        if let Ok(job) = self.dirs.disk.open(Place::In(target), job_name(id).as_ref(), Access::Read) {
            let name = job_name(id);
            self.dirs.disk.flush(&job).map_err(|e| self.dirs.error("flush", target, name, e))?;
        }
        // The new place first: at every moment one of the two is durable.
        self.dirs.flush_dirs(&[target])?;
        touched.iter().filter(|&&s| s != target).try_for_each(|&s| self.dirs.flush_dirs(&[s]))
    }

    /// A job that was running: checked again, and handed to the caller.
    fn readmit(&self, id: JobId, recovered: &mut Recovered<D>, at: Timestamp) -> Result<(), SpoolError> {
        match self.inspect(id)? {
            Inspected::Whole(file, whole) => {
                let journal = self.dirs.journal(State::Running, id, at)?;
                recovered.interrupted.push(self.claim_of(id, file, whole, journal));
            }
            Inspected::Damaged(file, reason) => {
                let rejected = self.reject(id, State::Running, file.as_ref(), reason, at)?;
                if let Claimed::Corrupt { reason } = rejected {
                    let text = format!("{reason}; moved to corrupt/");
                    recovered.problems.push(self.problem(State::Running, &job_name(id), &text));
                }
            }
        }
        Ok(())
    }

    pub(in crate::spool) fn problem(&self, state: State, name: &str, text: &str) -> Problem {
        Problem { path: self.dirs.disk.path(Place::In(state), name.as_ref()), text: text.to_owned() }
    }
}

/// Where a job belongs that was found in `jobs`. Its history decides, if a crash can explain the difference: the job is
/// there too, or was being claimed or settled (`running/`), or was decided about and not moved yet. If not, a person
/// moved the file, and meant it.
fn place_for(jobs: &[State], history: &History) -> State {
    use State as S;
    let named = history.state();
    let is_decision = matches!(history.outcome(), Some(Outcome::Superseded | Outcome::Repeat | Outcome::Cancelled));
    let was_decided = |&from: &S| match (from, named) {
        (S::Queued | S::Waiting | S::Held, S::Done) => is_decision,
        (S::Queued | S::Waiting, S::Held) | (S::Waiting | S::Held | S::Failed, S::Queued) | (_, S::Corrupt) => true,
        _ => false,
    };
    let explained = jobs.contains(&named) || jobs.contains(&S::Running) || jobs.iter().any(was_decided);
    if explained { named } else { preferred(jobs) }
}

/// Of several places the one that loses least: what ran stays ended, what may have run is not run again unasked.
fn preferred(jobs: &[State]) -> State {
    use State as S;
    let order = [S::Running, S::Done, S::Failed, S::Held, S::Waiting, S::Queued, S::Corrupt];
    order.into_iter().find(|s| jobs.contains(s)).unwrap_or(S::Corrupt)
}
