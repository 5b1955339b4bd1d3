//! Edge. Search for jobs: found by their names alone, in all directories.

use super::open;
use crate::model::{JobId, State};
use crate::spool::disk::{Disk, Kind, Place};
use crate::spool::error::SpoolError;
use crate::spool::job::name::Name;
use crate::spool::owner::state_dirs::job_name;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::path::Path;

/// The order in which directories are listed: against the stream first, then with it, so that a job on the move is seen
/// twice rather than not at all; where it was seen last is where it is. `waiting/` and `held/` come once more, for jobs
/// that came back there meanwhile.
pub(super) const ORDER: [State; 9] = [
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

/// The jobs to list.
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

/// The jobs that a person's text stands for.
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

/// Ids and places of jobs, in order of arrival, by their names alone: `hook` and `newest` are not looked at.
pub fn ids(root: &Path, filter: &Filter) -> Result<Vec<(JobId, State)>, SpoolError> {
    wanted(&open(root)?, filter)
}

pub(in crate::spool) fn wanted<D: Disk>(disk: &D, filter: &Filter) -> Result<Vec<(JobId, State)>, SpoolError> {
    let fits = |&(id, state): &(JobId, State)| {
        let in_state = filter.states.is_empty() || filter.states.contains(&state);
        in_state && filter.from.is_none_or(|from| id >= from) && filter.before.is_none_or(|before| id < before)
    };
    Ok(places(disk)?.into_iter().filter(fits).collect())
}

/// Number of jobs in each state, by their names.
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

/// The directory in which a job is now.
pub fn state_of(root: &Path, id: JobId) -> Result<Option<State>, SpoolError> {
    where_is(&open(root)?, id)
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
pub(in crate::spool) fn where_is<D: Disk>(disk: &D, id: JobId) -> Result<Option<State>, SpoolError> {
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
