//! Edge. One job whose names do not fit together: brought to one place, with its history.

use super::super::claim::Claimed;
use super::super::state_dirs::{STRANGERS_HISTORY, job_name, strangers_history};
use super::super::{Inspected, SpoolOwner};
use super::{Found, Recovered};
use crate::model::{State, next};
use crate::spool::disk::{Access, Disk, Kind, Place};
use crate::spool::error::{SpoolError, is_unreadable, read_twice};
use crate::spool::job::entry::Entry;
use crate::spool::job::history::History;
use crate::spool::job::history_file::{self, history_name};
use crate::spool::job::settlement::Settlement;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The work on one job.
pub(in crate::spool::owner) struct Mending<'a, D: Disk> {
    owner: &'a SpoolOwner<D>,
    found: Found,
    recovered: &'a mut Recovered<D>,
    /// Directories to be flushed.
    touched: BTreeSet<State>,
    at: Timestamp,
    /// The history as the journal has it.
    journaled: Option<Journaled>,
}

/// The end of a history as the runner's journal has it.
#[derive(Debug)]
pub(in crate::spool) struct Journaled {
    pub(in crate::spool) offset: u64,
    pub(in crate::spool) lines: Vec<u8>,
    /// The machine has been up since: names and lines are all there, as far as the runner came.
    pub(in crate::spool) is_of_this_boot: bool,
    /// The lines were there.
    pub(in crate::spool) was_whole: bool,
}

/// The history of a job, as far as one was found that can be used.
enum Chosen {
    None,
    In(State, History),
    /// There was one, and it cannot be read: why.
    Lost(String),
}

/// A history that was read, and its inode.
struct ReadHistory {
    history: History,
    inode: u64,
}

impl<'a, D: Disk> Mending<'a, D> {
    pub(in crate::spool::owner) fn of(
        owner: &'a SpoolOwner<D>,
        found: Found,
        recovered: &'a mut Recovered<D>,
        at: Timestamp,
    ) -> Self {
        Self { owner, found, recovered, touched: BTreeSet::new(), at, journaled: None }
    }

    /// Of a job in the journal: names tell less of it, and what is durable is seen to for all of them at once.
    pub(in crate::spool::owner) fn follow(mut self, journaled: Journaled) -> Result<(), SpoolError> {
        self.journaled = Some(journaled);
        if self.found.jobs.is_empty() { Ok(()) } else { self.bring_home().map(drop) }
    }

    /// Brings job and history to where they belong; the answer is where, if there is a job.
    pub(super) fn mend(mut self) -> Result<Option<State>, SpoolError> {
        let target = self.bring_home()?;
        if target == Some(State::Running) {
            self.readmit()?;
        }
        Ok(target)
    }

    /// The same, and no more: whatever is in `running/` is left there.
    pub(in crate::spool::owner) fn bring_home(&mut self) -> Result<Option<State>, SpoolError> {
        let chosen = self.choose_history()?;
        let chosen = self.make_whole(chosen)?;
        if self.found.jobs.is_empty() {
            return self.put_orphan_away(&chosen).map(|()| None);
        }
        let target = match &chosen {
            Chosen::None => place_for(&self.found.jobs, &History::default()),
            Chosen::In(here, history) => self.place(*here, history),
            Chosen::Lost(_) => place_without_history(&self.found.jobs),
        };
        self.gather_job(target)?;
        match chosen {
            Chosen::In(from, _) if from != target => {
                self.owner.dirs.shift(&history_name(self.found.id), from, target, self.at)?;
                self.touched.extend([from, target]);
            }
            Chosen::Lost(why) => self.begin_history(target, &why)?,
            _ => {}
        }
        if self.journaled.is_none() {
            self.make_durable(target)?;
        }
        Ok(Some(target))
    }

    /// Brings the history up to what the journal has of it.
    fn make_whole(&mut self, chosen: Chosen) -> Result<Chosen, SpoolError> {
        let Some(journaled) = &mut self.journaled else { return Ok(chosen) };
        let (dirs, id) = (&self.owner.dirs, self.found.id);
        let state = match &chosen {
            Chosen::In(state, _) => *state,
            _ => preferred(&self.found.jobs),
        };
        let mut file = dirs.history_file(state, id, self.at)?;
        let has = file.history.length_bytes();
        let Some(offset) = usize::try_from(journaled.offset).ok().filter(|_| journaled.offset <= has) else {
            let why = format!("its history ends after {has} bytes, and went on after {}", journaled.offset);
            let safe = dirs.put_away(state, history_name(id).as_ref(), &why, self.at)?;
            let why = format!("{why}; moved to corrupt/{safe}");
            self.report(state, &history_name(id), &why);
            return Ok(Chosen::Lost(why));
        };
        let made = file.make_whole(&dirs.disk, offset, &journaled.lines);
        journaled.was_whole = !made.map_err(|e| dirs.error("write", state, history_name(id), e))?;
        Ok(Chosen::In(state, file.history))
    }

    /// The directory for a job with a history, which lies `here`. After a power cut names from each place where it was
    /// may be left or missing; where the machine stayed up, what is at one place stays there.
    fn place(&self, here: State, history: &History) -> State {
        let jobs = self.found.jobs.as_slice();
        let Some(journaled) = &self.journaled else { return place_for(jobs, history) };
        let stayed = journaled.is_of_this_boot && journaled.was_whole && jobs == [here];
        let was_there = jobs.iter().any(|state| history.was_in(*state));
        if was_there && !stayed { history.state() } else { place_for(jobs, history) }
    }

    /// The history with the most lines; the others are names of the same file, or older. A stranger's never counts.
    fn choose_history(&mut self) -> Result<Chosen, SpoolError> {
        let mut best: Option<(State, ReadHistory)> = None;
        let mut lost = None;
        for state in self.found.histories.clone() {
            self.touched.insert(state);
            let read = match self.read_history(state)? {
                Ok(read) => read,
                Err(why) => {
                    lost = why.or(lost);
                    continue;
                }
            };
            let Some((other, rival)) = best.take() else {
                best = Some((state, read));
                continue;
            };
            let is_better = rival.history.entries().len() < read.history.entries().len();
            let is_same = rival.inode == read.inode;
            let (kept, loser) = if is_better { ((state, read), other) } else { ((other, rival), state) };
            self.drop_double(&history_name(self.found.id), loser, is_same)?;
            best = Some(kept);
        }
        Ok(match (best, lost) {
            (Some((state, read)), _) => Chosen::In(state, read.history),
            (None, Some(why)) => Chosen::Lost(why),
            (None, None) => Chosen::None,
        })
    }

    /// A history that is no runner's, or cannot be read, is put away; then why it is missed, if it is.
    fn read_history(&mut self, state: State) -> Result<Result<ReadHistory, Option<String>>, SpoolError> {
        let (dirs, name) = (&self.owner.dirs, history_name(self.found.id));
        let facts = dirs.disk.facts_at(Place::In(state), name.as_ref());
        let facts = facts.map_err(|e| dirs.error("look at", state, &name, e))?;
        if facts.kind != Kind::Regular || !dirs.owners.may_own_history(facts) {
            dirs.put_away(state, name.as_ref(), STRANGERS_HISTORY, self.at)?;
            self.report(state, &name, &format!("{STRANGERS_HISTORY}; moved to corrupt/"));
            return Ok(Err(strangers_history(state)));
        }
        let open = || dirs.disk.open(Place::In(state), name.as_ref(), Access::Read);
        match read_twice(|| history_file::read(&dirs.disk, &open()?)) {
            Ok((history, _)) => Ok(Ok(ReadHistory { history, inode: facts.inode })),
            Err(errno) if is_unreadable(errno) => {
                let why = dirs.lose_history(state, &name, errno, self.at)?;
                self.report(state, &name, &why);
                Ok(Err(Some(why)))
            }
            Err(errno) => Err(dirs.error("read", state, &name, errno)),
        }
    }

    /// The first lines of a job that has lost its history: why, and that a person has to decide.
    fn begin_history(&mut self, target: State, why: &str) -> Result<(), SpoolError> {
        let dirs = &self.owner.dirs;
        let mut history_file = dirs.history_file(target, self.found.id, self.at)?;
        if target == State::Held {
            let held = Settlement::Held { reason: format!("{why}; release the job to run it") };
            history_file.append(&dirs.disk, &Entry::new(self.at, held.into()))?;
        }
        self.touched.insert(target);
        Ok(())
    }

    /// Brings the one copy of the job that counts to `target`, and removes its other names.
    fn gather_job(&mut self, target: State) -> Result<(), SpoolError> {
        let (dirs, name) = (&self.owner.dirs, job_name(self.found.id));
        let keep = if self.found.jobs.contains(&target) { target } else { preferred(&self.found.jobs) };
        let inode = |state| {
            let facts = dirs.disk.facts_at(Place::In(state), name.as_ref());
            facts.map(|facts| facts.inode).map_err(|e| dirs.error("look at", state, &name, e))
        };
        for other in self.found.jobs.clone().into_iter().filter(|&state| state != keep) {
            let is_same = inode(keep)? == inode(other)?;
            self.drop_double(&name, other, is_same)?;
            self.touched.extend([keep, other]);
        }
        if keep != target {
            dirs.shift(&name, keep, target, self.at)?;
            self.touched.extend([keep, target]);
        }
        Ok(())
    }

    /// Removes a second name of a file; another file of that name is kept in `corrupt/`.
    fn drop_double(&mut self, name: &str, state: State, is_same: bool) -> Result<(), SpoolError> {
        let dirs = &self.owner.dirs;
        if is_same {
            let removed = dirs.disk.remove(Place::In(state), name.as_ref(), Kind::Regular);
            return removed.map_err(|e| dirs.error("remove", state, name, e));
        }
        dirs.put_away(state, name.as_ref(), "another file has its name in another directory", self.at)?;
        self.report(state, name, "another file of that name exists; moved to corrupt/");
        Ok(())
    }

    /// A history without a job anywhere: the job was lost or removed, and this is all that is left of it.
    fn put_orphan_away(&mut self, chosen: &Chosen) -> Result<(), SpoolError> {
        let Chosen::In(from, _) = chosen else { return Ok(()) };
        if *from == State::Corrupt {
            return Ok(());
        }
        let name = history_name(self.found.id);
        self.owner.dirs.shift(&name, *from, State::Corrupt, self.at)?;
        self.report(*from, &name, "a history without a job; moved to corrupt/");
        self.owner.dirs.flush_dirs(&[State::Corrupt, *from])
    }

    /// A job that is found in `running/` may have been moved there moments ago.
    fn make_durable(&mut self, target: State) -> Result<(), SpoolError> {
        if self.found.jobs.contains(&State::Running) {
            self.touched.extend([State::Running, State::Queued, State::Waiting]);
        }
        if self.touched.is_empty() {
            return Ok(());
        }
        let (dirs, name) = (&self.owner.dirs, job_name(self.found.id));
        if let Ok(job) = dirs.disk.open(Place::In(target), name.as_ref(), Access::Read) {
            dirs.disk.flush(&job).map_err(|e| dirs.error("flush", target, name, e))?;
        }
        // The new place first: at every moment one of the two is durable.
        dirs.flush_dirs(&[target])?;
        self.touched.iter().filter(|&&s| s != target).try_for_each(|&s| dirs.flush_dirs(&[s]))
    }

    /// A job that was running: checked again, and handed to the caller.
    fn readmit(&mut self) -> Result<(), SpoolError> {
        let (owner, id) = (self.owner, self.found.id);
        match owner.inspect(id)? {
            Inspected::Whole(file, whole) => {
                let history_file = owner.dirs.history_file(State::Running, id, self.at)?;
                self.recovered.interrupted.push(owner.claim_of(id, file, whole, history_file));
            }
            Inspected::Damaged(file, reason) => {
                let rejected = owner.reject(id, State::Running, file.as_ref(), reason, self.at)?;
                if let Claimed::Corrupt { reason } = rejected {
                    self.report(State::Running, &job_name(id), &format!("{reason}; moved to corrupt/"));
                }
            }
        }
        Ok(())
    }

    fn report(&mut self, state: State, name: &str, text: &str) {
        self.recovered.problems.push(self.owner.problem(state, name, text));
    }
}

/// The directory for a job that was found in `jobs`. Its history decides, if a crash can explain the difference: the
/// job is there too, or was being claimed or settled (`running/`), or was decided about and not moved yet. If not, a
/// person moved the file, and meant it.
fn place_for(jobs: &[State], history: &History) -> State {
    let named = history.state();
    let was_moved = |&from: &State| {
        let transition = history.last_transition();
        transition.is_some_and(|transition| next(from, transition) == Ok(named))
    };
    let is_explained = jobs.contains(&named) || jobs.contains(&State::Running) || jobs.iter().any(was_moved);
    if is_explained { named } else { preferred(jobs) }
}

/// The directory for a job of which nobody knows any more how far it came: nothing runs unasked.
fn place_without_history(jobs: &[State]) -> State {
    match preferred(jobs) {
        State::Running | State::Waiting | State::Queued => State::Held,
        at_rest => at_rest,
    }
}

/// Of several places the one that loses least: what ran stays ended, what may have run is not run again unasked.
fn preferred(jobs: &[State]) -> State {
    use State as S;
    let order = [S::Running, S::Done, S::Failed, S::Held, S::Waiting, S::Queued, S::Corrupt];
    order.into_iter().find(|s| jobs.contains(s)).unwrap_or(S::Corrupt)
}
