//! Pure. The facts of the page, as they were at one moment.

use super::card::{Breakage, HookCard, JobCard};
use super::relay::RelayCard;
use crate::model::State;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// All that the page tells, but of single jobs. As JSON it is `status.json`.
#[derive(Debug, Clone, Serialize)]
pub struct PageFacts {
    /// The moment.
    pub as_of: Timestamp,
    /// Heading of the page.
    pub title: String,
    /// The configuration, where commands do not find it by themselves.
    #[serde(skip)]
    pub config: Option<String>,
    /// The process that runs the jobs.
    pub runner: RunnerFacts,
    /// `true` if the spool's file system is nearly full.
    pub disk_full: bool,
    /// Jobs in each state.
    pub jobs: BTreeMap<State, usize>,
    /// The jobs that run.
    pub running: Vec<RunningCard>,
    /// The first that are queued.
    pub queued: Vec<JobCard>,
    /// The first that wait for another attempt.
    pub waiting: Vec<JobCard>,
    /// The newest that a person must release.
    pub held: Vec<JobCard>,
    /// Branches of hooks that are broken.
    pub broken: Vec<Breakage>,
    /// The relay of a host that is one of several.
    pub relay: Option<RelayCard>,
    /// The hooks of the configuration.
    pub hooks: Vec<HookCard>,
    /// The newest jobs that ended, the newest first.
    pub recent: Vec<JobCard>,
    /// `false` if there are more jobs than were looked at for what is told of hooks.
    pub complete: bool,
}

impl PageFacts {
    /// Number of jobs in a state.
    pub(super) fn count(&self, state: State) -> usize {
        self.jobs.get(&state).copied().unwrap_or_default()
    }
}

/// The process that runs the jobs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunnerFacts {
    /// `None`: it cannot be told from here.
    pub alive: Option<bool>,
    /// Its process.
    pub pid: Option<u32>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// `true` if it ended by itself, as one that cron starts.
    pub ended_by_itself: bool,
}

/// A job that runs.
#[derive(Debug, Clone, Serialize)]
pub struct RunningCard {
    /// The job.
    #[serde(flatten)]
    pub card: JobCard,
    /// The step that it is at, as far as that can be told.
    pub step: Option<StepFacts>,
    /// Length of the last job of its kind that succeeded.
    pub usual_s: Option<u64>,
}

/// A step under way.
#[derive(Debug, Clone, Serialize)]
pub struct StepFacts {
    /// Its place in the list, from 1.
    pub number: usize,
    /// Steps in the list.
    pub of: usize,
    /// Its action.
    pub title: String,
    /// Its begin.
    pub since: Timestamp,
    /// The longest time that it may take.
    pub limit_s: Option<u64>,
    /// Its length in the last job of its kind that succeeded.
    pub usual_s: Option<u64>,
}
