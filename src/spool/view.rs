//! Edge. The people's side: lists, finds and shows jobs. Only reads, and holds no lock: safe beside a runner.

use super::check::{Damage, describe};
use super::disk::{Access, Disk, Kind, Place};
use super::error::SpoolError;
use super::history::History;
use super::journal::{self, history_name};
use super::name::Name;
use super::real::RealDisk;
use super::state_dirs::job_name;
use crate::model::{EventKind, JobId, JobMeta, Outcome, RefName, State};
use jiff::Timestamp;
use rustix::io::Errno;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// In which order directories are listed: against the stream first, then with it, so that a job on the move is seen
/// twice rather than not at all; where it was seen last is where it is. `waiting/` and `held/` come once more, for jobs
/// that came back there meanwhile.
const ORDER: [State; 9] = [
    State::Failed,
    State::Held,
    State::Waiting,
    State::Queued,
    State::Running,
    State::Waiting,
    State::Held,
    State::Done,
    State::Corrupt,
];

/// A job as people see it.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// The directory it is in.
    pub state: State,
    /// How it ended.
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
    /// Who sent it; `reconcile` where the runner found that nobody did.
    pub provider: Option<String>,
    /// The provider's delivery id.
    pub delivery: Option<String>,
    /// When it arrived.
    pub arrived_at: Option<Timestamp>,
    /// Attempts begun.
    pub attempts: u32,
    /// Why it is where it is.
    pub reason: Option<String>,
    /// When it is tried again, if it waits.
    pub not_before: Option<Timestamp>,
}

/// One job in full.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The summary.
    pub view: JobView,
    /// What its file says; `None` when that cannot be read.
    pub meta: Option<JobMeta>,
    /// What happened to it.
    pub history: History,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these states; none: all.
    pub states: Vec<State>,
    /// Only this hook.
    pub hook: Option<String>,
    /// Only jobs from this id on.
    pub from: Option<JobId>,
    /// Only jobs before this id.
    pub before: Option<JobId>,
    /// Only so many, the newest.
    pub newest: Option<usize>,
}

/// What a person's text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// One job.
    One(JobId),
    /// More than one; the first few of them.
    Several(Vec<JobId>),
    /// None.
    None,
}

/// Most candidates that an ambiguous text names.
const CANDIDATE_LIMIT: usize = 10;

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

/// Ids and places of jobs, in order of arrival, by their names alone: `hook` and `newest` are not looked at.
pub fn ids(root: &Path, filter: &Filter) -> Result<Vec<(JobId, State)>, SpoolError> {
    wanted(&open(root)?, filter)
}

fn wanted<D: Disk>(disk: &D, filter: &Filter) -> Result<Vec<(JobId, State)>, SpoolError> {
    let fits = |&(id, state): &(JobId, State)| {
        let in_state = filter.states.is_empty() || filter.states.contains(&state);
        in_state && filter.from.is_none_or(|from| id >= from) && filter.before.is_none_or(|before| id < before)
    };
    Ok(places(disk)?.into_iter().filter(fits).collect())
}

/// How many jobs there are in each state, by their names.
pub fn count(root: &Path) -> Result<BTreeMap<State, usize>, SpoolError> {
    let mut counts: BTreeMap<State, usize> = State::ALL.iter().map(|&state| (state, 0)).collect();
    for state in places(&open(root)?)?.into_values() {
        *counts.entry(state).or_default() += 1;
    }
    Ok(counts)
}

/// Finds a job by what a person types: its id, or the beginning or end of its eight random digits, if that is enough to
/// tell it from all others.
pub fn find(root: &Path, text: &str) -> Result<Match, SpoolError> {
    let disk = open(root)?;
    if let Ok(id) = text.parse() {
        return Ok(where_is(&disk, id)?.map_or(Match::None, |_| Match::One(id)));
    }
    let text = text.to_ascii_lowercase();
    let fits = |id: &JobId| {
        let short = id.short();
        !text.is_empty() && (short.starts_with(&text) || short.ends_with(&text))
    };
    let mut found: Vec<JobId> = places(&disk)?.into_keys().filter(fits).take(CANDIDATE_LIMIT).collect();
    Ok(match found.len() {
        0 => Match::None,
        1 => Match::One(found.remove(0)),
        _ => Match::Several(found),
    })
}

/// Shows one job; `None` when there is no such job.
pub fn show(root: &Path, id: JobId) -> Result<Option<Shown>, SpoolError> {
    load(&open(root)?, id, None)
}

/// Where a job is now.
pub fn state_of(root: &Path, id: JobId) -> Result<Option<State>, SpoolError> {
    where_is(&open(root)?, id)
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

fn open(root: &Path) -> Result<RealDisk, SpoolError> {
    RealDisk::open(root).map_err(|e| SpoolError::call("open", root, e))
}

fn places<D: Disk>(disk: &D) -> Result<BTreeMap<JobId, State>, SpoolError> {
    let mut places = BTreeMap::new();
    for state in ORDER {
        let listed = disk.entries(Place::In(state), &mut |name, kind| {
            let id = Name::of(name).job();
            let id = id.filter(|_| matches!(kind, Kind::Regular | Kind::Unknown));
            places.extend(id.map(|id| (id, state)));
        });
        listed.map_err(|e| SpoolError::call("list", disk.path(Place::In(state), "".as_ref()), e))?;
    }
    Ok(places)
}

/// A place that cannot be looked at is an error: the job may be there.
pub(super) fn where_is<D: Disk>(disk: &D, id: JobId) -> Result<Option<State>, SpoolError> {
    let name = job_name(id);
    for state in ORDER {
        match disk.facts_at(Place::In(state), name.as_ref()) {
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(SpoolError::call("look at", disk.path(Place::In(state), name.as_ref()), errno)),
            Ok(_) => return Ok(Some(state)),
        }
    }
    Ok(None)
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

pub(super) fn load_from<D: Disk>(disk: &D, id: JobId, state: State) -> Result<Shown, SpoolError> {
    let error = |name: &str, e| SpoolError::call("read", disk.path(Place::In(state), name.as_ref()), e);
    let meta = match describe_job(disk, id, state) {
        Err(Errno::LOOP | Errno::NXIO | Errno::IO) => None,
        other => other.map_err(|e| error(&job_name(id), e))?,
    };
    let history = match disk.open(Place::In(state), history_name(id).as_ref(), Access::Read) {
        Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => Ok(History::default()),
        Err(errno) => Err(errno),
        Ok(file) => journal::read(disk, &file).map(|(history, _)| history),
    };
    let history = history.map_err(|e| error(&history_name(id), e))?;
    let view = view(id, state, meta.as_ref(), &history);
    Ok(Shown { view, meta, history })
}

/// The last line, without checking the payload above it; that is for the claim.
pub(super) fn describe_job<D: Disk>(disk: &D, id: JobId, state: State) -> Result<Option<JobMeta>, Errno> {
    let file = disk.open(Place::In(state), job_name(id).as_ref(), Access::Read)?;
    let facts = disk.facts(&file)?;
    if facts.kind != Kind::Regular {
        return Ok(None);
    }
    match describe(disk, &file, facts.size) {
        Ok((said, _, _)) => Ok(Some(said.meta)),
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
        not_before: history.not_before(),
    }
}
