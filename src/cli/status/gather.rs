//! Edge. The facts of `status`, collected.

use crate::cli::exit::Failure;
use crate::cli::hosts::RelaySummary;
use crate::cli::jobs::{age, unreadable};
use crate::cli::last_run::{LastRun, last_run};
use crate::cli::step_progress::StepProgress;
use crate::config::{Config, Hook};
use crate::model::{JobId, Outcome, State};
use crate::spool::{self, DeliveryResult, Filter, Hold, JobView, Presence};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Most jobs that are read to count those of each hook, and to find its last result.
const LOOKED_AT: usize = 10_000;

/// State of the spool, its runner and its hooks.
#[derive(Debug, Serialize)]
pub(super) struct SpoolStatus {
    pub(super) runner: RunnerStatus,
    /// The configuration that this is told by.
    pub(super) config: PathBuf,
    /// Others that are there, and that nobody who asks like this goes by.
    pub(super) unused: Vec<PathBuf>,
    pub(super) spool: PathBuf,
    pub(super) free: FreeSpace,
    /// Its relay, if this host is one of several.
    pub(super) relay: Option<RelaySummary>,
    /// Jobs in each state.
    pub(super) jobs: BTreeMap<State, usize>,
    pub(super) running: Vec<RunningJob>,
    pub(super) oldest_waiting: Option<JobView>,
    pub(super) hooks: Vec<HookStatus>,
    pub(super) messages: MessageStatus,
    /// `false` if there are too many waiting jobs to count all of them for their hooks.
    pub(super) complete: bool,
}

/// The outbox.
#[derive(Debug, Serialize)]
pub(super) struct MessageStatus {
    /// Messages that wait to be sent.
    pub(super) waiting: usize,
    /// Messages that nobody takes.
    pub(super) failed: usize,
    /// Files of messages that make no sense.
    pub(super) damaged: usize,
    /// The last one that nobody takes.
    pub(super) last_failed: Option<FailedMessage>,
}

/// A message that nobody takes.
#[derive(Debug, Serialize)]
pub(super) struct FailedMessage {
    pub(super) to: String,
    pub(super) job: JobId,
    pub(super) hook: String,
    pub(super) failed_at: Timestamp,
    pub(super) why: String,
}

/// A job that runs.
#[derive(Debug, Serialize)]
pub(super) struct RunningJob {
    #[serde(flatten)]
    pub(super) job: JobView,
    #[serde(flatten)]
    pub(super) progress: StepProgress,
}

/// Jobs that have waited for so long wait for a runner that does not come.
const PATIENCE_S: i64 = 300;

impl SpoolStatus {
    /// True if somebody should look: nobody runs what waits, or nothing more fits.
    pub(super) fn is_alarming(&self, now: Timestamp) -> bool {
        let waits_since = self.oldest_waiting.as_ref().and_then(|job| job.arrived_at);
        let waits_long = waits_since.is_some_and(|at| now.as_second() - at.as_second() > PATIENCE_S);
        let of_relay = self.relay.as_ref().is_some_and(RelaySummary::is_alarming);
        self.free.is_scarce() || of_relay || (waits_long && self.runner.alive == Some(false))
    }
}

/// With less, deliveries are soon answered 503.
const FEW_BYTES: u64 = 4 * 1024 * 1024;
const FEW_FILES: u64 = 100;

/// The process that holds the spool's lock.
#[derive(Debug, Serialize)]
pub(super) struct RunnerStatus {
    /// `None`: it cannot be told from here.
    pub(super) alive: Option<bool>,
    pub(super) pid: Option<u32>,
    pub(super) since: Option<Timestamp>,
    /// The end of the one before, where none is alive.
    pub(super) last: Option<LastRun>,
}

/// Free space of the spool's file system.
#[derive(Debug, Serialize)]
pub(super) struct FreeSpace {
    pub(super) bytes: u64,
    /// Files that can still be made; `None` where there is no such limit.
    pub(super) files: Option<u64>,
}

impl FreeSpace {
    /// `true` if nothing more fits soon.
    pub(super) fn is_scarce(&self) -> bool {
        self.bytes < FEW_BYTES || self.files.is_some_and(|files| files < FEW_FILES)
    }
}

/// One hook.
#[derive(Debug, Serialize)]
pub(super) struct HookStatus {
    pub(super) name: String,
    pub(super) queue: Option<String>,
    /// Jobs in `queued/` and `waiting/`.
    pub(super) waiting: usize,
    pub(super) held: usize,
    /// The newest job that ended, other than by giving way to another.
    pub(super) last: Option<JobView>,
    pub(super) hold: Option<Hold>,
    /// Its deliveries; `None` where they cannot be read.
    pub(super) seen: Option<SeenStatus>,
}

/// The deliveries to a hook, whatever became of them.
#[derive(Debug, Serialize)]
pub(super) struct SeenStatus {
    /// The last deliveries that ended alike, in words.
    pub(super) headline: String,
    /// Time and result of the last one.
    pub(super) at: Option<Timestamp>,
    pub(super) result: Option<DeliveryResult>,
}

impl SeenStatus {
    fn of(config: &Config, hook: &str) -> Option<Self> {
        let seen = spool::seen(&config.spool, Some(hook)).ok()?;
        let now = Timestamp::now();
        let last = seen.last();
        let (at, result) = last.map(|last| (last.at, last.result)).unzip();
        Some(Self { headline: seen.headline(|at| age(at, now)), at, result })
    }
}

/// Looks.
pub(super) fn gather(config: &Config) -> Result<SpoolStatus, Failure> {
    let spool = config.spool.as_path();
    let jobs = spool::count(spool).map_err(unreadable)?;
    let at_rest = Filter { states: vec![State::Queued, State::Waiting, State::Held], ..Filter::default() };
    let mut hooks = named(config)?;
    let mut looked_at = 0;
    let mut oldest_waiting = None;
    for job in spool::list(spool, at_rest).map_err(unreadable)?.take(LOOKED_AT) {
        let job = job.map_err(unreadable)?;
        looked_at += 1;
        let hook = hook_of(&mut hooks, &job);
        if job.state == State::Held {
            hook.held += 1;
        } else {
            hook.waiting += 1;
            oldest_waiting = oldest_waiting.or(Some(job));
        }
    }
    find_results(config, &mut hooks)?;
    let running = Filter { states: vec![State::Running], ..Filter::default() };
    let running: Vec<JobView> =
        spool::list(spool, running).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    let running = running.into_iter().map(|job| RunningJob { progress: StepProgress::of(config, &job), job }).collect();
    let complete = looked_at < LOOKED_AT;
    let runner = runner(config);
    let relay = RelaySummary::read(config, runner.alive != Some(false)).map_err(unreadable)?;
    Ok(SpoolStatus {
        runner,
        config: config.file.clone(),
        unused: crate::config::unused(&config.file),
        spool: spool.to_owned(),
        free: free(config)?,
        relay,
        jobs,
        running,
        oldest_waiting,
        hooks,
        messages: messages(config)?,
        complete,
    })
}

/// The hooks of the configuration, and those on hold that have gone from it.
fn named(config: &Config) -> Result<Vec<HookStatus>, Failure> {
    let mut holds = spool::holds(&config.spool).map_err(unreadable)?;
    let mut configured = |hook: &Hook| HookStatus {
        queue: Some(hook.plan.queue.clone()),
        hold: holds.remove(&hook.name),
        seen: SeenStatus::of(config, &hook.name),
        ..HookStatus::named(&hook.name)
    };
    let mut hooks: Vec<HookStatus> = config.hooks.iter().map(&mut configured).collect();
    hooks.extend(holds.into_iter().map(|(name, hold)| HookStatus { hold: Some(hold), ..HookStatus::named(&name) }));
    Ok(hooks)
}

impl HookStatus {
    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), queue: None, waiting: 0, held: 0, last: None, hold: None, seen: None }
    }
}

fn messages(config: &Config) -> Result<MessageStatus, Failure> {
    let outbox = spool::outbox(&config.spool).map_err(unreadable)?;
    let last_failed = outbox.failed.last().map(|(addressee, letter)| FailedMessage {
        to: addressee.to_string(),
        job: letter.tidings.job,
        hook: letter.tidings.hook.clone(),
        failed_at: letter.failed_at,
        why: letter.why.clone(),
    });
    let (waiting, failed, damaged) = (outbox.waiting.len(), outbox.failed.len(), outbox.damaged);
    Ok(MessageStatus { waiting, failed, damaged, last_failed })
}

/// The hook of a job, which may have gone from the configuration, or be unknown.
fn hook_of<'a>(hooks: &'a mut Vec<HookStatus>, job: &JobView) -> &'a mut HookStatus {
    let name = job.hook.as_deref().unwrap_or("(unknown)");
    let index = hooks.iter().position(|hook| hook.name == name).unwrap_or_else(|| {
        hooks.push(HookStatus::named(name));
        hooks.len() - 1
    });
    &mut hooks[index]
}

/// From the newest job back, until every configured hook has its result.
fn find_results(config: &Config, hooks: &mut Vec<HookStatus>) -> Result<(), Failure> {
    let ended = Filter { states: vec![State::Done, State::Failed], newest: Some(LOOKED_AT), ..Filter::default() };
    let mut missing = config.hooks.len();
    for job in spool::newest_first(&config.spool, &ended).map_err(unreadable)? {
        if missing == 0 {
            break;
        }
        let job = job.map_err(unreadable)?;
        let is_result = !matches!(job.outcome, None | Some(Outcome::Superseded | Outcome::Repeat));
        let is_configured = job.hook.as_ref().is_some_and(|name| config.hook(name).is_some());
        if !is_result || !is_configured {
            continue;
        }
        let hook = hook_of(hooks, &job);
        if hook.last.is_none() {
            hook.last = Some(job);
            missing -= 1;
        }
    }
    Ok(())
}

fn runner(config: &Config) -> RunnerStatus {
    match spool::presence(&config.spool) {
        Presence::Held { pid, since } => RunnerStatus { alive: Some(true), pid, since, last: None },
        Presence::Free => RunnerStatus { alive: Some(false), pid: None, since: None, last: last_run(config) },
        Presence::Unknown(_) => RunnerStatus { alive: None, pid: None, since: None, last: None },
    }
}

fn free(config: &Config) -> Result<FreeSpace, Failure> {
    let found = rustix::fs::statvfs(&config.spool);
    let found = found.map_err(|error| Failure::io("cannot look at the spool's file system", &error.into()))?;
    let bytes = found.f_bavail.saturating_mul(found.f_frsize);
    Ok(FreeSpace { bytes, files: Some(found.f_favail).filter(|_| found.f_files > 0) })
}
