//! Edge. The back half: claim → steps → outcome → settle; jobs of one queue one after the other, queues side by side.

mod admission;
mod attempt;
mod attempt_end;
mod backlog;
mod cancel;
mod checkpoints;
mod clock;
mod conclusion;
mod current_config;
mod holds;
mod job_context;
mod jobs;
pub mod log;
pub mod metrics;
pub mod orders;
mod outcome_cache;
pub mod page;
mod payload;
mod recent_outcomes;
mod reconcile;
mod recovery;
mod relaying;
pub mod releases;
mod reload;
pub mod retention;
mod run_loop;
mod steady_clock;
pub mod steps;
mod supply;
mod task;
mod telling;
#[cfg(test)]
mod tests;
mod verdict;
mod workers;

pub use admission::unwanted;
pub use reload::Reload;
pub use run_loop::DrainEnd;
pub use telling::{NoParcel, tell_sample};

use crate::config::Config;
use crate::model::State;
use crate::spool::{Place, SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use crate::system::errno::words;
use crate::system::stop::{ChildExits, Stop};
use crate::system::watch::Watch;
use clock::Clock;
use current_config::CurrentConfig;
use holds::Holds;
use jobs::Jobs;
use metrics::{MetricsWriter, Pulse};
use outcome_cache::OutcomeCache;
use page::LivePage;
use reconcile::{Reconciler, Schedule};
use relaying::Relay;
use reload::Reloader;
use run_loop::{DrainLimits, RunLoop};
use std::io;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, Builder, Scope, ScopedJoinHandle, scope};
use std::time::{Duration, Instant};
use supply::Supply;
use telling::{Teller, Told};
use workers::{WorkerPool, Workers};

/// The conditions of a drain.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The request to stop.
    pub stop: &'a Stop,
    /// End when nothing is left to do, after waiting for retries that were promised meanwhile.
    pub once: bool,
    /// Begin nothing after this time, and end when what runs then has ended.
    pub max_runtime: Option<Duration>,
    /// Loads a new configuration on SIGHUP.
    pub reload: Option<Reload<'a>>,
}

/// The reason that nothing was drained, or not to the end.
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
pub fn drain(config: Config, owner: &SpoolOwner, terms: Terms<'_>) -> Result<DrainEnd, DrainError> {
    let time_is_up = terms.max_runtime.map(|time| Instant::now() + time);
    let limits = DrainLimits { stop: terms.stop, once: terms.once, until: time_is_up };
    let clock = Clock::new(owner.last_ended(), Instant::now());
    checkpoints::begin(owner);
    // Before the first look into the spool, so that nothing that arrives after it is missed.
    let watch = watch(&config);
    let (config, outcomes) = (Arc::new(config), OutcomeCache::default());
    let (teller, courier) = Teller::with_courier(owner, &config, terms.stop);
    let (failed, queued) = recovery::recover(owner, &config, (&outcomes, &teller), terms.stop)?;
    owner.put_requests_back()?;
    let (halted, halt) = Stop::by_hand()?;
    let (bell, exits) = (Bell::new()?, ChildExits::install()?);
    let (pool, channels) = WorkerPool::new(owner, &bell);
    let (spool, current, pulse) = (config.spool.clone(), CurrentConfig::new(Arc::clone(&config))?, Pulse::default());
    let relay = Relay::new(Arc::clone(&config), terms.once);
    let (pool, bell, current, pulse, relay) = (&pool, &bell, &current, &pulse, &relay);
    let aside = Aside { owner, spool: &spool, current, teller: &teller, relay, pulse, clock };
    let schedule = Schedule::new(owner.reconcile_times(), terms.once);
    let (ended, page) = scope(|scope| {
        let mut run_loop = RunLoop {
            jobs: Jobs::new(config, owner, outcomes, teller.clone(), relay),
            supply: Supply::new(queued),
            holds: Holds::default(),
            workers: Workers::new(scope, pool, channels, (halted.clone(), halt.clone())),
            reconciler: Reconciler::new(scope, bell, schedule, halted.clone()),
            reloader: Reloader { reload: terms.reload, current },
            pulse,
            watch,
            exits,
            limits,
        };
        run_loop.workers.failed = failed;
        let run_loop = Builder::new().spawn_scoped(scope, move || run_loop.run())?;
        beside(scope, "no-courier", move || courier.run());
        aside.start(scope, terms.once, &halted, bell);
        let page = Builder::new().spawn_scoped(scope, || LivePage::new(current).go_on(&halted));
        pool.work();
        let ended = run_loop.join();
        halt.request();
        aside.end(terms.once, time_is_up);
        let ended = ended.unwrap_or_else(|panic| resume_unwind(panic)).map_err(DrainError::from);
        Ok::<_, DrainError>((ended, page.map(ScopedJoinHandle::join)))
    })?;
    aside.finish(terms.once && ended.is_ok());
    last_page(page, ended.as_ref().ok().copied());
    ended
}

/// Those who work beside the loop.
#[derive(Clone, Copy)]
struct Aside<'a> {
    owner: &'a SpoolOwner,
    spool: &'a Path,
    current: &'a CurrentConfig,
    teller: &'a Teller,
    relay: &'a Relay,
    pulse: &'a Pulse,
    clock: Clock,
}

impl<'a> Aside<'a> {
    /// Starts those that need nothing else, until `halted`.
    fn start<'scope>(self, scope: &'scope Scope<'scope, '_>, once: bool, halted: &Stop, bell: &'a Bell)
    where
        'a: 'scope,
    {
        let Self { owner, spool, current, relay, clock, .. } = self;
        if current.get().relay.is_some() {
            let halted = halted.clone();
            beside(scope, "no-relay", move || relay.run(owner, &halted, bell));
        }
        if !once {
            let halted = halted.clone();
            beside(scope, "no-retention", move || retention::go_on(owner, spool, current, clock, &halted));
        }
        let halted_too = halted.clone();
        beside(scope, "no-checkpoints", move || checkpoints::go_on(owner, &halted_too));
        let halted = halted.clone();
        beside(scope, "no-metrics", move || metrics::go_on(self.metrics(), spool, &halted));
    }

    /// The loop has ended: nothing more will come for them.
    fn end(self, once: bool, time_is_up: Option<Instant>) {
        self.relay.ring();
        if once {
            self.teller.last_round(time_is_up);
        } else {
            self.teller.halt();
        }
    }

    /// Their last words; `tidies`: nobody has cared for the disk yet.
    fn finish(self, tidies: bool) {
        for (to, Told { sent, failed, waiting }) in self.teller.counts() {
            tracing::info!(event = "messages", to, sent, failed, waiting);
        }
        if tidies {
            retention::once(self.owner, self.spool, self.current, self.clock);
        }
        checkpoints::last(self.owner);
        self.metrics().write(false);
    }

    fn metrics(self) -> MetricsWriter<'a> {
        MetricsWriter::new(self.owner, self.current, self.teller, self.pulse)
    }
}

/// Starts what goes on beside the loop; jobs run without it, too.
fn beside<'scope>(scope: &'scope Scope<'scope, '_>, event: &'static str, work: impl FnOnce() + Send + 'scope) {
    if let Err(error) = Builder::new().spawn_scoped(scope, work) {
        tracing::error!(event, reason = words(&error));
    }
}

/// Writes how it ended. A page that panicked has said so.
fn last_page(page: io::Result<thread::Result<LivePage<'_>>>, ended: Option<DrainEnd>) {
    match page {
        Ok(Ok(page)) => page.finish(ended),
        Ok(Err(_)) => tracing::warn!(event = "no-page", reason = "it failed for a fault of this program"),
        Err(error) => tracing::warn!(event = "no-page", reason = words(&error)),
    }
}

fn watch(config: &Config) -> Watch {
    let (watch, error) = Watch::directory(&config.spool.join(State::Queued.as_str()));
    // In the spool itself a name appears when somebody puts another directory in the place of one of its own.
    let others = [config.spool.join(Place::Control.as_str()), config.spool.clone()];
    let failed = others.iter().find_map(|directory| watch.add(directory).err());
    if let Some(error) = error.or(failed) {
        tracing::warn!(event = "no-watch", reason = words(&error));
    }
    watch
}
