//! Pure. A job, and a hook, as the page shows them: what is known of them, and what follows from a job's history.

use crate::model::{JobId, State};
use crate::spool::{Entry, HistoryEvent, Hold, JobView, Shown};
use jiff::Timestamp;
use serde::Serialize;

/// A job in a row.
#[derive(Debug, Clone, Serialize)]
pub struct JobCard {
    /// The summary.
    pub job: JobView,
    /// `owner/name`.
    pub repository: Option<String>,
    /// The person who caused it.
    pub pusher: Option<String>,
    /// Begin of its last attempt.
    pub started_at: Option<Timestamp>,
    /// The time at which it came to where it is, unless it is under way.
    pub ended_at: Option<Timestamp>,
    /// Length of its last attempt.
    pub took_s: Option<u64>,
    /// Title and length of each step that its last attempt ended.
    #[serde(skip)]
    pub steps_s: Vec<(String, u64)>,
}

impl JobCard {
    /// All there is to tell of a job in a row.
    pub fn of(shown: Shown) -> Self {
        let entries = last_attempt(shown.history.entries());
        let started_at = entries.first().filter(|entry| is_start(entry)).map(|entry| entry.at);
        let steps_s = entries.iter().filter_map(|entry| step_s(&entry.what)).collect();
        let over = entries.iter().find(|entry| is_end(&entry.what)).map(|entry| entry.at);
        let took_s = started_at.zip(over).map(|(from, to)| seconds_between(from, to));
        let is_under_way = shown.view.state == State::Running;
        let moved = shown.history.entries().iter().rev().find(|entry| entry.what.settlement().is_some());
        let ended_at = moved.map(|entry| entry.at).filter(|_| !is_under_way);
        let (repository, pusher) = shown.meta.map_or((None, None), |meta| (meta.repository, meta.pusher));
        Self { job: shown.view, repository, pusher, started_at, ended_at, took_s, steps_s }
    }

    /// Its id.
    pub fn id(&self) -> JobId {
        self.job.id
    }

    /// Name of its hook; empty where that cannot be read.
    pub fn hook(&self) -> &str {
        self.job.hook.as_deref().unwrap_or_default()
    }

    /// `main` of `refs/heads/main`; empty where there is none.
    pub(super) fn branch(&self) -> &str {
        let full = self.job.reference.as_ref().map_or("", |reference| reference.as_str());
        let short = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/"));
        short.unwrap_or(full)
    }

    /// The outcome where it has one, or else the state: the word that a person wants first.
    pub(super) fn word(&self) -> &'static str {
        match (self.job.state, self.job.outcome) {
            (State::Done | State::Failed, Some(outcome)) => outcome.as_str(),
            (state, _) => state.as_str(),
        }
    }

    /// The time that says most about it.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.ended_at.or(self.started_at).or(self.job.arrived_at)
    }
}

/// From the begin of the last attempt on; all of it where none has begun.
fn last_attempt(entries: &[Entry]) -> &[Entry] {
    let start = entries.iter().rposition(is_start);
    &entries[start.unwrap_or(0)..]
}

fn is_start(entry: &Entry) -> bool {
    matches!(entry.what, HistoryEvent::Started { .. })
}

fn is_end(what: &HistoryEvent) -> bool {
    matches!(what, HistoryEvent::Concluded { .. } | HistoryEvent::Settled(_))
}

/// Title and length of a step of `steps`.
fn step_s(what: &HistoryEvent) -> Option<(String, u64)> {
    match what {
        HistoryEvent::Step { ms, list, title, .. } if list.is_empty() => Some((title.clone(), ms / 1000)),
        _ => None,
    }
}

/// Whole seconds from `from` to `to`; none where the clock was set back.
pub(super) fn seconds_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

/// A hook's branch, or tag, whose last job failed.
#[derive(Debug, Clone, Serialize)]
pub struct Breakage {
    /// End of the first job that failed after the last one that succeeded, as far as the jobs go back.
    pub since: Option<Timestamp>,
    /// Number of jobs that failed since.
    pub jobs: usize,
    /// The last of them.
    pub last: JobCard,
}

/// A hook in a row.
#[derive(Debug, Clone, Serialize)]
pub struct HookCard {
    /// Its name.
    pub name: String,
    /// Its queue.
    pub queue: Option<String>,
    /// Jobs in `running/`.
    pub running: usize,
    /// Jobs in `queued/` and `waiting/`.
    pub waiting: usize,
    /// Jobs in `held/`.
    pub held: usize,
    /// The newest job that succeeded.
    pub last_success: Option<JobCard>,
    /// The newest job that failed.
    pub last_failure: Option<JobCard>,
    /// The wish of a person that none of its jobs runs.
    pub hold: Option<Hold>,
    /// The last deliveries; `None` where nobody can tell.
    pub deliveries: Option<DeliveryFacts>,
}

/// The last deliveries to a hook, as far as they ended alike.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryFacts {
    /// Their number, their result, and the time of the last one, in words that the sender was told, too.
    pub words: String,
    /// `true` if they were refused, or could not be taken.
    pub refused: bool,
}
