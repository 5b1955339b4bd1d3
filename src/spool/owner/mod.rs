//! Edge. The runner's side: holds the spool's lock, claims jobs, and decides about those that never run.

pub(in crate::spool) mod catch_up;
pub(in crate::spool) mod checkpoint;
pub(in crate::spool) mod claim;
pub(in crate::spool) mod hold;
pub(in crate::spool) mod kept_tally;
pub(in crate::spool) mod listing;
pub(in crate::spool) mod outbox;
pub(in crate::spool) mod peek;
pub(in crate::spool) mod presence;
pub(in crate::spool) mod prune;
pub(in crate::spool) mod reconcile_times;
pub(in crate::spool) mod recover;
pub(in crate::spool) mod relayed;
pub(in crate::spool) mod scan;
pub(in crate::spool) mod state_dirs;
pub(in crate::spool) mod sweep;
pub(in crate::spool) mod waiting;

use crate::model::{JobId, JobMeta, State, Transition, next};
use crate::spool::disk::lock;
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::version;
use crate::spool::disk::{Access, Disk, Place};
use crate::spool::error::{SpoolError, is_damage, words};
use crate::spool::job::check::{Damage, Whole, check};
use crate::spool::job::entry::{Entry, HistoryEvent};
use crate::spool::job::history_file::{HistoryFile, history_name};
use crate::spool::job::settlement::Settlement;
use crate::spool::job::wait::Wait;
use claim::{Claim, Claimed};
use jiff::Timestamp;
use rustix::io::Errno;
use scan::SpoolProblem;
use state_dirs::{KeptHistory, Opened, Owners, StateDirs, job_name};
use std::collections::{BTreeMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Largest payload that is claimed, unless `limit_payload` says otherwise.
const PAYLOAD_LIMIT_BYTES: u64 = 256 * 1024 * 1024;

/// The one runner of a spool. Many threads may use it; the lock is given back when it and all its claims are gone.
#[derive(Debug)]
pub struct SpoolOwner<D: Disk = RealDisk> {
    pub(in crate::spool) dirs: Arc<StateDirs<D>>,
    /// The waits of the jobs in `waiting/`, as far as their histories were read.
    waits: Mutex<BTreeMap<JobId, Wait>>,
    /// Entries that could not be moved out of `queued/`, reported once.
    pub(in crate::spool) reported: Mutex<HashSet<OsString>>,
    /// The number of the last message, once the outbox was read. Whoever changes the outbox holds it.
    pub(in crate::spool) last_letter: Mutex<Option<u64>>,
    /// Whoever changes the file of the counts holds it.
    pub(in crate::spool) tally_file: Mutex<()>,
    /// Problems that were found when the journal was followed, until a recovery tells them.
    pub(in crate::spool) found_early: Mutex<Vec<SpoolProblem>>,
}

/// A job in `running/` after every byte of it was read.
pub(in crate::spool) enum Inspected<F> {
    Whole(F, Box<Whole>),
    Damaged(Option<F>, String),
}

impl SpoolOwner {
    /// Locks the spool at `root`, after making what is missing of it.
    pub fn lock(root: &Path) -> Result<Self, SpoolError> {
        crate::spool::disk::create::create(root)?;
        let disk = version::open(root)?;
        for &place in Place::VITAL {
            disk.hold(place).map_err(|e| SpoolError::call("open", root.join(place.as_str()), e))?;
        }
        Self::on(disk)
    }
}

impl<D: Disk> SpoolOwner<D> {
    /// Locks a spool on any disk, and brings it up to date where a runner died or the power went: from its journal.
    pub fn on(disk: D) -> Result<Self, SpoolError> {
        let lock = lock::take(&disk)?;
        let here = disk.facts_at(Place::In(State::Queued), OsStr::new("."));
        let here =
            here.map_err(|e| SpoolError::call("look at", disk.path(Place::In(State::Queued), OsStr::new("")), e))?;
        let our_uid = rustix::process::geteuid().as_raw();
        let owners = Owners { our_uid, spool_uid: here.uid, spool_gid: here.gid };
        let payload_limit_bytes = AtomicU64::new(PAYLOAD_LIMIT_BYTES);
        let runner_pid = std::process::id();
        let (lock, boot_id, counted) = (Mutex::new(lock), disk.boot_id(), Mutex::default());
        let journal = OnceLock::new();
        let dirs = StateDirs { disk, lock, owners, payload_limit_bytes, runner_pid, boot_id, counted, journal };
        let owner = Self {
            dirs: Arc::new(dirs),
            waits: Mutex::default(),
            reported: Mutex::default(),
            last_letter: Mutex::default(),
            tally_file: Mutex::default(),
            found_early: Mutex::default(),
        };
        owner.catch_up(Timestamp::now())?;
        Ok(owner)
    }

    /// Sets the largest payload that is claimed; what is larger goes to `corrupt/`.
    pub fn limit_payload(&self, limit_bytes: u64) {
        self.dirs.payload_limit_bytes.store(limit_bytes, Ordering::Relaxed);
    }

    /// Takes a job out of `queued/` or `waiting/`: moves it to `running/`, checks every byte, notes the claim; without
    /// a journal the move is flushed. The note needs no flush of its own: until something is recorded after it, nothing
    /// has begun. On error the job stays in `running/`; stop, and let `recover` handle it.
    pub fn claim(&self, id: JobId, at: Timestamp) -> Result<Claimed<D>, SpoolError> {
        for from in [State::Queued, State::Waiting] {
            if self.take(id, from, at)? {
                return self.examine(id, from, at);
            }
        }
        Ok(Claimed::Gone)
    }

    /// Decides about a job that is not running: superseded, a repeat, cancelled, held, or released by a person.
    pub fn decide(&self, id: JobId, settlement: Settlement, at: Timestamp) -> Result<State, SpoolError> {
        let from = self.find_at_rest(id)?;
        let to = next(from, settlement.transition())?;
        let outcome = settlement.outcome();
        self.dirs.make_room()?;
        let _no_checkpoint = self.dirs.moving();
        let mut history_file = self.dirs.history_file(from, id, at)?;
        let is_new = history_file.history.entries().is_empty();
        let entry = Entry::new(at, HistoryEvent::from(settlement));
        let is_recorded = self.dirs.put_down(id, &mut history_file, &entry)?;
        if is_new && !is_recorded {
            self.dirs.flush_dirs(&[from])?;
        }
        let job = self.dirs.disk.open(Place::In(from), job_name(id).as_ref(), Access::Read).ok();
        self.dirs.carry(id, from, to, at)?;
        if !is_recorded {
            self.dirs.flush_move(id, from, to, job.as_ref())?;
        }
        if let Some(outcome) = outcome {
            self.dirs.count_at_rest((id, to), &history_file.history, outcome, at);
        }
        Ok(to)
    }

    fn find_at_rest(&self, id: JobId) -> Result<State, SpoolError> {
        let name = job_name(id);
        let is_in = |&s: &State| self.dirs.disk.facts_at(Place::In(s), name.as_ref()).is_ok();
        let at_rest = [State::Queued, State::Waiting, State::Held, State::Failed, State::Done];
        at_rest.into_iter().find(is_in).ok_or(SpoolError::NoSuchJob(id))
    }

    /// Moves a job to `running/`; says whether it was there. If a job of that id is running already, this is another
    /// file with its name.
    fn take(&self, id: JobId, from: State, at: Timestamp) -> Result<bool, SpoolError> {
        let name = job_name(id);
        let running = Place::In(next(from, Transition::Claimed)?);
        match self.dirs.disk.rename((Place::In(from), name.as_ref()), (running, name.as_ref())) {
            Ok(()) => {
                self.waits.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                Ok(true)
            }
            Err(Errno::NOENT) => Ok(false),
            Err(Errno::EXIST) => {
                self.dirs.put_away(from, name.as_ref(), "it has the name of a running job", at)?;
                self.dirs.flush_dirs(&[State::Corrupt, from]).map(|()| false)
            }
            Err(errno) => Err(self.dirs.error("claim", from, name, errno)),
        }
    }

    fn examine(&self, id: JobId, from: State, at: Timestamp) -> Result<Claimed<D>, SpoolError> {
        let (file, whole) = match self.inspect(id)? {
            Inspected::Whole(file, whole) => (file, whole),
            Inspected::Damaged(file, reason) => return self.reject(id, from, file.as_ref(), reason, at),
        };
        let (history_file, lost) = self.bring_history(id, from, at)?;
        if let Some(why) = lost {
            let reason = format!("{why}; release the job to run it");
            self.put_aside((id, from), Some(&file), history_file, Settlement::Held { reason: reason.clone() }, at)?;
            return Ok(Claimed::Held { reason });
        }
        let mut claim = self.claim_of(id, file, whole, history_file);
        let (runner_pid, boot_id) = (self.dirs.runner_pid, self.dirs.boot_id.clone());
        claim.note(&Entry::new(at, HistoryEvent::Claimed { runner_pid, boot_id }))?;
        claim.unflushed = Some(from);
        if self.dirs.journal.get().is_none() {
            claim.flush_claim()?;
        }
        Ok(Claimed::Job(Box::new(claim)))
    }

    /// Checks the job in `running/` from end to end. A sector that cannot be read, not even the second time, is damage
    /// too: the file is kept, and the jobs behind it go on.
    pub(in crate::spool) fn inspect(&self, id: JobId) -> Result<Inspected<D::File>, SpoolError> {
        match self.try_inspect(id)? {
            Ok(inspected) => Ok(inspected),
            Err(_) => Ok(self
                .try_inspect(id)?
                .unwrap_or_else(|errno| Inspected::Damaged(None, format!("it cannot be read: {}", words(errno))))),
        }
    }

    /// The inner error is the disk's, about this file.
    fn try_inspect(&self, id: JobId) -> Result<Result<Inspected<D::File>, Errno>, SpoolError> {
        let (file, size) = match self.dirs.open_job(State::Running, id)? {
            Opened::Hostile(reason) => return Ok(Ok(Inspected::Damaged(None, reason))),
            Opened::Unreadable(errno) => return Ok(Err(errno)),
            Opened::Job(file, facts) => (file, facts.size),
        };
        match check(&self.dirs.disk, &file, size, id) {
            Ok(whole) => Ok(Ok(Inspected::Whole(file, Box::new(whole)))),
            Err(Damage::Found(reason)) => Ok(Ok(Inspected::Damaged(Some(file), reason))),
            Err(Damage::Disk(errno)) if is_damage(errno) => Ok(Err(errno)),
            Err(Damage::Disk(errno)) => Err(self.dirs.error("read", State::Running, job_name(id), errno)),
        }
    }

    pub(in crate::spool) fn claim_of(
        &self,
        id: JobId,
        file: D::File,
        mut whole: Box<Whole>,
        history_file: HistoryFile<D>,
    ) -> Claim<D> {
        if whole.meta.wish.is_some() {
            whole.meta = match self.dirs.disk.facts(&file) {
                Ok(facts) => self.dirs.owners.granted(whole.meta, facts),
                Err(_) => JobMeta { wish: None, ..whole.meta },
            };
        }
        let attempt = history_file.history.attempts() + 1;
        Claim { dirs: Arc::clone(&self.dirs), id, file, whole, history_file, attempt, unflushed: None }
    }

    /// Moves the history after its job, or begins one. Why the one before is lost, if it is.
    fn bring_history(
        &self,
        id: JobId,
        from: State,
        at: Timestamp,
    ) -> Result<(HistoryFile<D>, Option<String>), SpoolError> {
        let lost = match self.dirs.kept_history(from, id, at)? {
            KeptHistory::None => None,
            KeptHistory::Lost(why) => Some(why),
            KeptHistory::Open(_) => {
                self.dirs.shift(&history_name(id), from, State::Running, at)?;
                None
            }
        };
        Ok((self.dirs.history_file(State::Running, id, at)?, lost))
    }

    /// Moves a claimed job that is none to `corrupt/`, with the reason in its history.
    pub(in crate::spool) fn reject(
        &self,
        id: JobId,
        from: State,
        file: Option<&D::File>,
        reason: String,
        at: Timestamp,
    ) -> Result<Claimed<D>, SpoolError> {
        let (history_file, _) = self.bring_history(id, from, at)?;
        self.put_aside((id, from), file, history_file, Settlement::Corrupt { reason: reason.clone() }, at)?;
        Ok(Claimed::Corrupt { reason })
    }

    /// Settles a job in `running/` that came from another state and does not become a claim.
    fn put_aside(
        &self,
        (id, from): (JobId, State),
        file: Option<&D::File>,
        mut history_file: HistoryFile<D>,
        settlement: Settlement,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let to = next(State::Running, settlement.transition())?;
        self.dirs.make_room()?;
        let _no_checkpoint = self.dirs.moving();
        let is_recorded = self.dirs.put_down(id, &mut history_file, &Entry::new(at, settlement.into()))?;
        self.dirs.carry(id, State::Running, to, at)?;
        if is_recorded {
            return Ok(());
        }
        self.dirs.flush_move(id, State::Running, to, file)?;
        self.dirs.flush_dirs(&[from])
    }
}
