//! Edge. The back half: claim → steps → outcome → settle; jobs of one queue one after the other, queues side by side.

mod attempt;
mod backlog;
mod cancel;
mod clock;
mod conclusion;
mod drain;
mod job_context;
pub mod log;
pub mod orders;
mod outcome_cache;
mod payload;
mod recent_outcomes;
mod reconcile;
mod recovery;
mod refill;
mod reload;
pub mod retention;
pub mod steps;
mod task;
#[cfg(test)]
mod tests;
mod verdict;
mod workers;

pub use drain::Ended;
pub use reload::Reload;

use crate::config::Config;
use crate::model::State;
use crate::spool::{Place, SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use crate::system::errno::words;
use crate::system::stop::Stop;
use crate::system::watch::Watch;
use backlog::Backlog;
use clock::Clock;
use drain::Drain;
use outcome_cache::OutcomeCache;
use reconcile::{Schedule, ask};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::scope;
use std::time::{Duration, Instant};
use workers::WorkerPool;

/// How long to drain.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The request to stop.
    pub stop: &'a Stop,
    /// End when nothing is left to do, after waiting for retries that were promised meanwhile.
    pub once: bool,
    /// Begin nothing after this time, and end when what runs then has ended.
    pub max_runtime: Option<Duration>,
    /// How a new configuration is had.
    pub reload: Option<Reload<'a>>,
}

/// Why nothing was drained, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum DrainError {
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The system.
    #[error("cannot begin to drain: {}", words(.0))]
    System(#[from] io::Error),
}

/// Drains the spool. The calling thread is the first of those that run attempts; the loop has a thread of its own, so
/// that it can hear of arrivals, orders and stops while a job runs.
pub fn drain(config: Config, owner: &SpoolOwner, terms: Terms<'_>) -> Result<Ended, DrainError> {
    let until = terms.max_runtime.map(|time| Instant::now() + time);
    let (config, outcomes) = (Arc::new(config), OutcomeCache::default());
    let clock = Clock::new(owner.last_ended(), Instant::now());
    // Before the first look into the spool, so that nothing that arrives after it is missed.
    let watch = watch(&config);
    let (failed, queued) = recovery::recover(owner, &config, &outcomes, terms.stop)?;
    owner.put_requests_back()?;
    let (halted, halt) = Stop::by_hand()?;
    let (stop_caring, end_caring) = (halted.clone(), halt.clone());
    let bell = Bell::new()?;
    let ((tasks, taken), (reports, heard)) = (channel(), channel());
    let pool = WorkerPool { owner, tasks: Mutex::new(taken), reports, bell: &bell };
    let (pool, bell) = (&pool, &bell);
    let (said, answers) = channel();
    let asking = halted.clone();
    let (spool, settings) = (config.spool.clone(), Mutex::new(config.runner.clone()));
    let ended = scope(|scope| {
        let mut drain = Drain {
            config,
            outcomes,
            owner,
            backlog: Backlog::default(),
            running: BTreeMap::new(),
            watch,
            queued,
            has_more: false,
            known_whole: None,
            horizon: None,
            at_the_end: false,
            once: terms.once,
            until,
            stop: terms.stop,
            reload: terms.reload,
            halt,
            halted,
            tasks,
            reports: heard,
            bell,
            spawn_worker: Box::new(move || drop(scope.spawn(|| pool.work()))),
            schedule: Schedule::new(owner.reconcile_times(), terms.once),
            ask: Box::new(move |config, hook| {
                let (said, halted) = (said.clone(), asking.clone());
                scope.spawn(move || {
                    // Nobody hears the last one.
                    let _nobody_hears = said.send(ask(&config, hook, &halted));
                    bell.ring();
                });
            }),
            answers,
            worker_count: 1,
            failed,
            holds: BTreeMap::new(),
            to_hold: Vec::new(),
            releases: VecDeque::new(),
            settings: &settings,
        };
        let drain = scope.spawn(move || drain.run());
        if !terms.once {
            scope.spawn(|| retention::go_on(owner, &spool, &settings, clock, &stop_caring));
        }
        pool.work();
        let ended = drain.join();
        end_caring.request();
        ended.unwrap_or_else(|panic| resume_unwind(panic))
    });
    if terms.once {
        retention::once(owner, &spool, &settings, clock);
    }
    Ok(ended?)
}

fn watch(config: &Config) -> Watch {
    let (watch, error) = Watch::directory(&config.spool.join(State::Queued.as_str()));
    if let Some(error) = error.or(watch.add(&config.spool.join(Place::Control.as_str())).err()) {
        tracing::warn!(event = "no-watch", reason = words(&error));
    }
    watch
}
