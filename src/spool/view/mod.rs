//! Edge. The people's side: lists, finds and shows jobs. Only reads, and holds no lock: safe beside a runner.

mod find;
mod reader;

pub use find::{Filter, Match, count, find, ids, state_of};
pub(in crate::spool) use find::{wanted, where_is};
pub use reader::{HistoryStamp, SpoolReader};

use crate::model::{EventKind, JobId, JobMeta, Outcome, RefName, State};
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::version;
use crate::spool::disk::{Access, Disk, Facts, Io, Kind, Place};
use crate::spool::error::{SpoolError, is_unreadable, words};
use crate::spool::job::check::{Damage, describe};
use crate::spool::job::history::History;
use crate::spool::job::history_file::{self, history_name};
use crate::spool::job::wait::Wait;
use crate::spool::owner::kept_tally::{self, KeptTally};
use crate::spool::owner::state_dirs::job_name;
use find::ORDER;
use jiff::Timestamp;
use rustix::io::Errno;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A job as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// The directory it is in.
    pub state: State,
    /// Its outcome.
    pub outcome: Option<Outcome>,
    /// Name of its hook.
    pub hook: Option<String>,
    /// Kind of event.
    pub event: Option<EventKind>,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub reference: Option<RefName>,
    /// Commit after, hex.
    pub after: Option<String>,
    /// The provider that sent it; `reconcile` where the runner found that nobody did.
    pub provider: Option<String>,
    /// The provider's delivery id.
    pub delivery: Option<String>,
    /// Time of arrival.
    pub arrived_at: Option<Timestamp>,
    /// Attempts begun.
    pub attempts: u32,
    /// The reason why it is where it is.
    pub reason: Option<String>,
    /// Time of the next attempt, if it waits.
    pub not_before: Option<Timestamp>,
    /// The same as a wait, which a clock that was set does not make longer.
    #[serde(skip)]
    pub wait: Option<Wait>,
}

impl JobView {
    /// `true` for a job that runs what follows the switch of a hook, after a person switched back.
    pub fn is_rollback(&self) -> bool {
        let event = self.event.as_ref().map(EventKind::as_str);
        self.provider.as_deref() == Some(JobMeta::BY_HAND) && event == Some(JobMeta::ROLLBACK)
    }
}

/// One job in full.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The summary.
    pub view: JobView,
    /// Its description; `None` when that cannot be read.
    pub meta: Option<JobMeta>,
    /// Its history.
    pub history: History,
}

/// The jobs in order of arrival. Names are read now, each job when its turn comes; a job that is gone by then is left
/// out, one that moved on is shown where it is. With `newest`, the jobs are read now.
pub fn list(root: &Path, filter: Filter) -> Result<Box<dyn Iterator<Item = Result<JobView, SpoolError>>>, SpoolError> {
    let disk = open(root)?;
    let ids = wanted(&disk, &filter)?;
    let Filter { hook, newest, .. } = filter;
    let views = ids
        .into_iter()
        .filter_map(move |(id, state)| load(&disk, id, Some(state)).map(|shown| shown.map(|s| s.view)).transpose());
    let views = views.filter(move |view| match (view, &hook) {
        (Ok(view), Some(hook)) => view.hook.as_ref() == Some(hook),
        _ => true,
    });
    let Some(newest) = newest else { return Ok(Box::new(views)) };
    let mut newest: Vec<_> = views.rev().take(newest).collect();
    newest.reverse();
    Ok(Box::new(newest.into_iter()))
}

/// The same from the newest back, of at most `filter.newest` jobs. Each job is read when its turn comes.
pub fn newest_first(
    root: &Path,
    filter: &Filter,
) -> Result<impl Iterator<Item = Result<JobView, SpoolError>> + use<>, SpoolError> {
    let disk = open(root)?;
    let ids = wanted(&disk, filter)?.into_iter().rev().take(filter.newest.unwrap_or(usize::MAX));
    Ok(ids.filter_map(move |(id, state)| load(&disk, id, Some(state)).map(|s| s.map(|s| s.view)).transpose()))
}

/// Shows one job; `None` when there is no such job.
pub fn show(root: &Path, id: JobId) -> Result<Option<Shown>, SpoolError> {
    load(&open(root)?, id, None)
}

/// The payload of a job, without checking it against its seal; `None` when there is no such job.
pub fn payload(root: &Path, id: JobId) -> Result<Option<impl std::io::Read>, SpoolError> {
    let disk = open(root)?;
    let Some(state) = where_is(&disk, id)? else { return Ok(None) };
    let name = job_name(id);
    let error = |e| SpoolError::call("read", disk.path(Place::In(state), name.as_ref()), e);
    let file = disk.open(Place::In(state), name.as_ref(), Access::Read).map_err(error)?;
    let size = disk.facts(&file).map_err(error)?.size;
    let length = describe(&disk, &file, size).map_or(0, |(said, ..)| said.length);
    Ok(Some(std::io::Read::take(std::fs::File::from(file), length)))
}

/// Path of a job's file in a state.
pub fn job_path(root: &Path, state: State, id: JobId) -> PathBuf {
    root.join(state.as_str()).join(job_name(id))
}

/// Path of a job's history in a state.
pub fn history_path(root: &Path, state: State, id: JobId) -> PathBuf {
    root.join(state.as_str()).join(history_name(id))
}

/// Path of what a job printed. It stays there whatever becomes of the job.
pub fn log_path(root: &Path, id: JobId) -> PathBuf {
    root.join("log").join(format!("{id}.log"))
}

/// The counts of jobs that have ended, as the runner has written them down last.
pub fn tally(root: &Path) -> Result<KeptTally, SpoolError> {
    kept_tally::read(&open(root)?)
}

/// The hook of a job that lies in `state`, where that can be read.
pub fn hook_of(root: &Path, id: JobId, state: State) -> Option<String> {
    describe_job(&open(root).ok()?, id, state).ok().flatten().map(|meta| meta.hook)
}

fn open(root: &Path) -> Result<RealDisk, SpoolError> {
    version::open(root)
}

/// Reads a job wherever it is. It may move while we read, so a miss is looked for once more.
fn load<D: Disk>(disk: &D, id: JobId, hint: Option<State>) -> Result<Option<Shown>, SpoolError> {
    let mut state = if hint.is_some() { hint } else { where_is(disk, id)? };
    for _ in 0..ORDER.len() {
        let Some(here) = state else { return Ok(None) };
        match load_from(disk, id, here) {
            Err(error) if error.is_missing() => state = where_is(disk, id)?,
            other => return other.map(Some),
        }
    }
    Ok(None)
}

pub(in crate::spool) fn load_from<D: Disk>(disk: &D, id: JobId, state: State) -> Result<Shown, SpoolError> {
    let (job, events) = (job_name(id), history_name(id));
    let error = |name: &str, e| SpoolError::call("read", disk.path(Place::In(state), name.as_ref()), e);
    let (meta, no_job) = or_reason(describe_job(disk, id, state), "its file").map_err(|e| error(&job, e))?;
    let history = match disk.open(Place::In(state), events.as_ref(), Access::Read) {
        Err(Errno::NOENT) => Ok(History::default()),
        Err(errno) => Err(errno),
        Ok(file) => history_file::read(disk, &file).map(|(history, _)| history),
    };
    let (history, no_history) = or_reason(history, "its history").map_err(|e| error(&events, e))?;
    let mut view = view(id, state, meta.as_ref(), &history);
    // What is in `corrupt/` has been explained already.
    let reason = if state == State::Corrupt { view.reason.or(no_job) } else { no_job.or(view.reason) };
    view.reason = reason.or(no_history);
    Ok(Shown { view, meta, history })
}

/// The value that was read; or nothing, and that it cannot be: one file that nobody can read must not hide the others.
fn or_reason<T: Default>(read: Io<T>, of: &str) -> Io<(T, Option<String>)> {
    match read {
        Err(errno) if is_unreadable(errno) => {
            Ok((T::default(), Some(format!("{of} cannot be read: {}", words(errno)))))
        }
        read => read.map(|read| (read, None)),
    }
}

/// The last line, without checking the payload above it; that is for the claim.
pub(in crate::spool) fn describe_job<D: Disk>(disk: &D, id: JobId, state: State) -> Result<Option<JobMeta>, Errno> {
    Ok(describe_file(disk, id, state)?.map(|(meta, _)| meta))
}

/// The same with the facts of the file that says it.
pub(in crate::spool) fn describe_file<D: Disk>(
    disk: &D,
    id: JobId,
    state: State,
) -> Result<Option<(JobMeta, Facts)>, Errno> {
    let file = disk.open(Place::In(state), job_name(id).as_ref(), Access::Read)?;
    let facts = disk.facts(&file)?;
    if facts.kind != Kind::Regular {
        return Ok(None);
    }
    match describe(disk, &file, facts.size) {
        Ok((said, _, _)) => Ok(Some((said.meta, facts))),
        Err(Damage::Found(_)) => Ok(None),
        Err(Damage::Disk(errno)) => Err(errno),
    }
}

fn view(id: JobId, state: State, meta: Option<&JobMeta>, history: &History) -> JobView {
    JobView {
        id,
        state,
        outcome: history.outcome(),
        hook: meta.map(|m| m.hook.clone()),
        event: meta.map(|m| m.event.clone()),
        reference: meta.and_then(|m| m.reference.clone()),
        after: meta.and_then(|m| m.after.clone()),
        provider: meta.map(|m| m.provider.clone()),
        delivery: meta.and_then(|m| m.delivery.clone()),
        arrived_at: meta.map(|m| m.arrived_at),
        attempts: history.attempts(),
        reason: history.reason(),
        not_before: history.wait().map(|wait| wait.until),
        wait: history.wait(),
    }
}
