//! Edge. The parts that the owner and its claims share: the locked spool, whose files are ours, and how files move
//! between states.

use crate::model::{JobId, JobMeta, State};
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::{Access, Disk, Facts, Io, JOB_MODE, Kind, Place};
use crate::spool::error::{SpoolError, is_damage, is_unreadable, read_twice, words};
use crate::spool::job::entry::{Entry, HistoryEvent};
use crate::spool::job::history_file::{HistoryFile, history_name};
use crate::spool::job::settlement::Settlement;
use crate::spool::journal::{self, Journal};
use crate::spool::tally::Tally;
use crate::system::random::random_bytes;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, RwLockReadGuard};

/// The locked spool.
#[derive(Debug)]
pub(in crate::spool) struct StateDirs<D: Disk> {
    pub(in crate::spool) disk: D,
    /// Open as long as anything may still move files.
    pub(in crate::spool) lock: Mutex<D::File>,
    pub(in crate::spool) owners: Owners,
    pub(in crate::spool) payload_limit_bytes: AtomicU64,
    pub(in crate::spool) runner_pid: u32,
    pub(in crate::spool) boot_id: String,
    /// Jobs that have ended since the counts were last written down.
    pub(in crate::spool) counted: Mutex<Tally>,
    /// The runner's journal, if there is one.
    pub(in crate::spool) journal: OnceLock<Journal<D>>,
}

/// Whose files are trusted with what.
#[derive(Debug, Clone, Copy)]
pub(in crate::spool) struct Owners {
    /// The runner's user.
    pub(in crate::spool) our_uid: u32,
    /// Owner of `queued/`.
    pub(in crate::spool) spool_uid: u32,
    /// Group of `queued/`, which its setgid bit gives to every file made in it.
    pub(in crate::spool) spool_gid: u32,
}

impl Owners {
    /// A job may come from any member of the group.
    fn may_own_job(self, facts: Facts) -> bool {
        facts.gid == self.spool_gid || [self.our_uid, self.spool_uid].contains(&facts.uid)
    }

    /// A history comes from a runner, or from an administrator.
    pub(in crate::spool) fn may_own_history(self, facts: Facts) -> bool {
        [self.our_uid, self.spool_uid, 0].contains(&facts.uid)
    }

    /// The description in a job's file with these facts: receivers may write jobs, too, and choose neither commits nor
    /// what no rule wants.
    pub(in crate::spool) fn granted(self, meta: JobMeta, facts: Facts) -> JobMeta {
        if self.may_own_history(facts) { meta } else { JobMeta { wish: None, ..meta } }
    }
}

/// Name of a job's file.
pub(in crate::spool) fn job_name(id: JobId) -> String {
    format!("{id}.job")
}

/// The reason for putting away a history that belongs to somebody else.
pub(in crate::spool) const STRANGERS_HISTORY: &str = "one that no runner wrote";

/// The reason why a job misses its history where a stranger's was put away. Into `queued/` strangers may write: there
/// it says nothing about the job.
pub(in crate::spool) fn strangers_history(state: State) -> Option<String> {
    Some(format!("its history was {STRANGERS_HISTORY}")).filter(|_| state != State::Queued)
}

/// The history beside a job.
pub(in crate::spool) enum KeptHistory<D: Disk> {
    None,
    Open(HistoryFile<D>),
    /// It could not be read, and why; it is no longer there.
    Lost(String),
}

/// A job's file was opened, or is nothing to open.
pub(in crate::spool) enum Opened<F> {
    Job(F, Facts),
    Hostile(String),
    Unreadable(Errno),
}

impl<D: Disk> StateDirs<D> {
    pub(in crate::spool) fn error(
        &self,
        call: &'static str,
        state: State,
        name: impl AsRef<OsStr>,
        errno: Errno,
    ) -> SpoolError {
        SpoolError::call(call, self.disk.path(Place::In(state), name.as_ref()), errno)
    }

    /// Opens a job's file, if it is something that can be a job.
    pub(in crate::spool) fn open_job(&self, state: State, id: JobId) -> Result<Opened<D::File>, SpoolError> {
        let name = job_name(id);
        let opened = self.disk.open(Place::In(state), name.as_ref(), Access::Read);
        let file = match opened {
            Ok(file) => file,
            Err(errno) => return unopenable(errno).map_err(|e| self.error("open", state, name, e)),
        };
        let facts = self.disk.facts(&file).map_err(|e| self.error("look at", state, name, e))?;
        Ok(self.objection(facts).map_or(Opened::Job(file, facts), Opened::Hostile))
    }

    fn objection(&self, facts: Facts) -> Option<String> {
        let limit_bytes = self.payload_limit_bytes.load(Ordering::Relaxed);
        let file_limit_bytes = limit_bytes.saturating_add(crate::spool::job::format::LINE_LIMIT_BYTES as u64 + 2);
        if facts.kind != Kind::Regular {
            Some("not a regular file".to_owned())
        } else if facts.links != 1 {
            Some(format!("it has {} names", facts.links))
        } else if !self.owners.may_own_job(facts) {
            Some(format!("it belongs to user {} and group {}, strangers here", facts.uid, facts.gid))
        } else if facts.size > file_limit_bytes {
            Some(format!("it is {} bytes long, and payloads are limited to {limit_bytes}", facts.size))
        } else {
            None
        }
    }

    /// The history of a job in `state`, for writing; made if there is none that can be used.
    pub(in crate::spool) fn history_file(
        &self,
        state: State,
        id: JobId,
        at: Timestamp,
    ) -> Result<HistoryFile<D>, SpoolError> {
        let lost = match self.kept_history(state, id, at)? {
            KeptHistory::Open(history_file) => return Ok(history_file),
            KeptHistory::Lost(why) => Some(why),
            KeptHistory::None => None,
        };
        let created = HistoryFile::create(&self.disk, state, id);
        let mut history_file = created.map_err(|e| self.error("create", state, history_name(id), e))?;
        if let Some(text) = lost {
            history_file.note(&self.disk, &Entry::new(at, HistoryEvent::Note { text }))?;
        }
        Ok(history_file)
    }

    /// The history of a job in `state`, if there is one and it is a runner's. One that a stranger made, or that cannot
    /// be read, is put away.
    pub(in crate::spool) fn kept_history(
        &self,
        state: State,
        id: JobId,
        at: Timestamp,
    ) -> Result<KeptHistory<D>, SpoolError> {
        let name = history_name(id);
        let facts = match self.disk.facts_at(Place::In(state), name.as_ref()) {
            Err(Errno::NOENT) => return Ok(KeptHistory::None),
            other => other.map_err(|e| self.error("look at", state, &name, e))?,
        };
        if facts.kind != Kind::Regular || !self.owners.may_own_history(facts) {
            self.put_away(state, name.as_ref(), STRANGERS_HISTORY, at)?;
            return Ok(strangers_history(state).map_or(KeptHistory::None, KeptHistory::Lost));
        }
        match read_twice(|| HistoryFile::open(&self.disk, state, id)) {
            Ok(history_file) => Ok(KeptHistory::Open(history_file)),
            Err(errno) if is_unreadable(errno) => self.lose_history(state, &name, errno, at).map(KeptHistory::Lost),
            Err(errno) => Err(self.error("open", state, name, errno)),
        }
    }

    /// Puts a history away that cannot be read; the answer says why, and where it is.
    pub(in crate::spool) fn lose_history(
        &self,
        state: State,
        name: &str,
        errno: Errno,
        at: Timestamp,
    ) -> Result<String, SpoolError> {
        let why = format!("its history cannot be read: {}", words(errno));
        let safe = self.put_away(state, name.as_ref(), &why, at)?;
        Ok(format!("{why}; moved to corrupt/{safe}"))
    }

    /// Adds a line to a history, and makes it durable: in the journal (`true`), which then stands for all moves of the
    /// job so far; or where it lies, with names that are still to be flushed.
    pub(in crate::spool) fn put_down(
        &self,
        id: JobId,
        history_file: &mut HistoryFile<D>,
        entry: &Entry,
    ) -> Result<bool, SpoolError> {
        history_file.put(&self.disk, entry)?;
        let is_recorded = self.record(id, history_file)?;
        if !is_recorded {
            history_file.flush(&self.disk)?;
        }
        history_file.push(entry);
        Ok(is_recorded)
    }

    fn record(&self, id: JobId, history_file: &mut HistoryFile<D>) -> Result<bool, SpoolError> {
        let Some(journal) = self.journal.get() else { return Ok(false) };
        let (offset, lines) = history_file.added();
        match journal.record(&self.disk, id, offset, lines) {
            Ok(true) => history_file.is_kept(),
            Ok(false) => return Ok(false),
            Err(errno) => {
                history_file.lose();
                return Err(self.journal_error("flush", errno));
            }
        }
        Ok(true)
    }

    /// Keeps checkpoints away from a record and the moves that follow from it.
    pub(in crate::spool) fn moving(&self) -> Option<RwLockReadGuard<'_, ()>> {
        self.journal.get().map(Journal::moving)
    }

    /// Makes room in the journal for a record. Not while moving.
    pub(in crate::spool) fn make_room(&self) -> Result<(), SpoolError> {
        let made = self.journal.get().map_or(Ok(()), |journal| journal.make_room(&self.disk));
        made.map_err(|e| self.journal_error("flush the moves in", e))
    }

    /// Makes every move durable that the journal stands for.
    pub(in crate::spool) fn checkpoint(&self) -> Result<(), SpoolError> {
        let made = self.journal.get().map_or(Ok(()), |journal| journal.checkpoint(&self.disk));
        made.map_err(|e| self.journal_error("flush the moves in", e))
    }

    pub(in crate::spool) fn journal_error(&self, call: &'static str, errno: Errno) -> SpoolError {
        SpoolError::call(call, self.disk.path(Place::Root, journal::name()), errno)
    }

    /// Moves a job and its history. The job goes first, because its name is the claim; only into `queued/`, where
    /// anybody may claim it at once, the history goes first.
    pub(in crate::spool) fn carry(&self, id: JobId, from: State, to: State, at: Timestamp) -> Result<(), SpoolError> {
        let (job_name, history_name) = (job_name(id), history_name(id));
        if to == State::Queued {
            self.shift(&history_name, from, to, at)?;
        }
        if !self.shift(&job_name, from, to, at)? {
            return Err(SpoolError::NoSuchJob(id));
        }
        self.shift(&history_name, from, to, at).map(drop)
    }

    /// Makes a move durable that no journal stands for.
    pub(in crate::spool) fn flush_move(
        &self,
        id: JobId,
        from: State,
        to: State,
        job: Option<&D::File>,
    ) -> Result<(), SpoolError> {
        if let Some(job) = job {
            self.disk.flush(job).map_err(|e| self.error("flush", to, job_name(id), e))?;
        }
        self.flush_dirs(&[to, from])
    }

    /// Moves one file; says whether it was there. Something else of that name in the way is put away.
    pub(in crate::spool) fn shift(
        &self,
        name: &str,
        from: State,
        to: State,
        at: Timestamp,
    ) -> Result<bool, SpoolError> {
        let name: &OsStr = name.as_ref();
        let attempt = || with_reserve(&self.disk, || self.disk.rename((Place::In(from), name), (Place::In(to), name)));
        let moved = match attempt() {
            Err(Errno::EXIST) => {
                self.put_away(to, name, "another file came to have its name", at)?;
                attempt()
            }
            other => other,
        };
        match moved {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(self.error("move", from, name, errno)),
        }
    }

    pub(in crate::spool) fn flush_dirs(&self, states: &[State]) -> Result<(), SpoolError> {
        states.iter().try_for_each(|&s| self.disk.flush_dir(Place::In(s)).map_err(|e| self.error("flush", s, "", e)))
    }

    /// Moves an entry, whatever it is, into `corrupt/` under a safe name of its own, with the reason beside it. Not
    /// flushed: a crash may undo it, and then it is found again.
    pub(in crate::spool) fn put_away(
        &self,
        state: State,
        name: &OsStr,
        why: &str,
        at: Timestamp,
    ) -> Result<String, SpoolError> {
        self.try_put_away(state, name, why, at).map_err(|e| self.error("move to corrupt/", state, name, e))
    }

    pub(in crate::spool) fn try_put_away(&self, state: State, name: &OsStr, why: &str, at: Timestamp) -> Io<String> {
        self.put_away_from(Place::In(state), name, why, at)
    }

    pub(in crate::spool) fn put_away_from(&self, place: Place, name: &OsStr, why: &str, at: Timestamp) -> Io<String> {
        let safe = format!("{}.{}", hex::encode(random_bytes::<8>()?), harmless(name));
        let corrupt = Place::In(State::Corrupt);
        with_reserve(&self.disk, || self.disk.rename((place, name), (corrupt, safe.as_ref())))?;
        let reason = format!("found as {:?} in {}/: {why}", name.to_string_lossy(), place.as_str());
        let line = Entry::new(at, HistoryEvent::from(Settlement::Corrupt { reason })).to_line();
        // The move is what matters: a disk too full for the reason must not stop it.
        if let Ok(file) = self.disk.create(corrupt, format!("{safe}.events").as_ref(), JOB_MODE) {
            let _ = self.disk.write_all_at(&file, &line, 0);
        }
        Ok(safe)
    }
}

/// Tells errors that make a name no job from those that make the whole spool stop.
pub(in crate::spool) fn unopenable<F>(errno: Errno) -> Io<Opened<F>> {
    match errno {
        Errno::LOOP => Ok(Opened::Hostile("it is a symbolic link".to_owned())),
        Errno::NXIO | Errno::NODEV | Errno::ISDIR => Ok(Opened::Hostile("not a regular file".to_owned())),
        Errno::AGAIN => Ok(Opened::Hostile("its owner holds a lease on it".to_owned())),
        Errno::ACCESS | Errno::PERM => Ok(Opened::Hostile("its mode keeps the runner out".to_owned())),
        damage if is_damage(damage) => Ok(Opened::Unreadable(damage)),
        other => Err(other),
    }
}

/// A name that is safe to show and to type.
fn harmless(name: &OsStr) -> String {
    let text = name.to_string_lossy();
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    text.chars().take(64).map(safe).collect()
}
