//! Edge. The page for people, written by a thread of the runner, at the end of `--once`, and by `hookspool page`. What
//! goes wrong with it is a warning, and never a job's.

mod error;
mod gather;
mod job_pages;
mod ledger;
mod log_file;
mod past;
mod place;
mod relay_card;
#[cfg(test)]
mod tests;
mod writer;

use super::current_config::CurrentConfig;
pub use error::{Misplaced, PageError};
pub use place::check_place;

use super::run_loop::DrainEnd;
use crate::config::Config;
use crate::model::State;
use crate::page::RunnerFacts;
use crate::spool::{self, Place, Presence, RelayDir};
use crate::system::errno::words;
use crate::system::stop::Stop;
use crate::system::wait::{after, ready};
use crate::system::watch::Watch;
use jiff::Timestamp;
use std::time::{Duration, Instant};
use writer::{Pace, PageWriter};

/// Between two pages.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two pages while something runs and nothing else happens: the time goes on.
const WHILE_RUNNING: Duration = Duration::from_secs(2);
/// Between two pages when nothing happens: a page that is older was left by a runner that is gone.
const IDLE: Duration = Duration::from_secs(60);
/// Longest time that the pages of many jobs may take while jobs run, and at the end of a run.
const PORTION: Duration = Duration::from_millis(100);
const AT_THE_END: Duration = Duration::from_secs(5);

/// Writes the page once, and all that belongs to it, beside a runner or without one.
pub fn write_once(config: &Config) -> Result<(), PageError> {
    let runner = match spool::presence(&config.spool) {
        Presence::Held { pid, since } => RunnerFacts { alive: Some(true), pid, since, ended_by_itself: false },
        Presence::Free => RunnerFacts { alive: Some(false), ..RunnerFacts::default() },
        Presence::Unknown(_) => RunnerFacts::default(),
    };
    PageWriter::default().write(config, runner, None).map(drop)
}

/// The page of a runner that goes on.
pub(super) struct LivePage<'a> {
    config: &'a CurrentConfig,
    writer: PageWriter,
    since: Timestamp,
    /// The warning that was given last.
    warned: Option<String>,
}

impl<'a> LivePage<'a> {
    /// A page by the configuration as it is each time.
    pub(super) fn new(config: &'a CurrentConfig) -> Self {
        Self { config, writer: PageWriter::default(), since: Timestamp::now(), warned: None }
    }

    /// Writes it whenever something happens, at most once a second, until `halted`.
    pub(super) fn go_on(mut self, halted: &Stop) -> Self {
        let mut watched = None;
        while !halted.requested() {
            let began = Instant::now();
            let config = self.config.hear();
            if config.page.is_none() {
                let _halted = ready(&[halted.fd(), self.config.fd()], after(Duration::MAX));
                continue;
            }
            // Before the look, so that nothing that arrives after it is missed.
            let watch = watched.get_or_insert_with(|| watch(&config));
            let pid = Some(std::process::id());
            let runner = RunnerFacts { alive: Some(true), pid, since: Some(self.since), ended_by_itself: false };
            let pause = self.write(&config, runner, PORTION).pause();
            let _halted = ready(&[halted.fd()], began + PAUSE);
            if let Err(error) = watch.wait(&[halted.fd(), self.config.fd()], pause.saturating_sub(began.elapsed())) {
                tracing::warn!(event = "page-not-watched", reason = words(&error));
            }
        }
        self
    }

    /// The last page of this runner.
    pub(super) fn finish(mut self, ended: Option<DrainEnd>) {
        let ended_by_itself = matches!(ended, Some(DrainEnd::ByItself { .. }));
        let runner = RunnerFacts { alive: Some(false), pid: None, since: None, ended_by_itself };
        self.write(&self.config.get(), runner, AT_THE_END);
    }

    /// Writes it, or warns once of each reason why not.
    fn write(&mut self, config: &Config, runner: RunnerFacts, longest: Duration) -> Pace {
        let written = self.writer.write(config, runner, Some(after(longest)));
        let reason = written.as_ref().err().map(ToString::to_string);
        match (&reason, &self.warned) {
            (Some(reason), warned) if warned.as_ref() != Some(reason) => {
                tracing::warn!(event = "page-not-written", reason);
            }
            (None, Some(_)) => tracing::info!(event = "page-written-again"),
            _ => {}
        }
        self.warned = reason;
        written.unwrap_or(Pace::Idle)
    }
}

impl Pace {
    /// The longest time until the next page.
    fn pause(self) -> Duration {
        match self {
            Self::Behind => PAUSE,
            Self::Running => WHILE_RUNNING,
            Self::Idle => IDLE,
        }
    }
}

/// Wakes the page when a job arrives anywhere. Without it the page is as old as its pauses are long.
fn watch(config: &Config) -> Watch {
    let (watch, error) = Watch::directory(&config.spool.join(State::Queued.as_str()));
    let others = State::ALL.iter().map(|state| state.as_str()).chain([Place::Holds.as_str()]);
    let failed = others.filter_map(|name| watch.add(&config.spool.join(name)).err()).collect::<Vec<_>>().pop();
    let relay = RelayDir::of(&config.spool);
    // Its thread makes the directory, too, perhaps later.
    let failed = failed.or_else(|| {
        let is_one_of_several = config.relay.is_some() && relay.make().is_ok();
        is_one_of_several.then(|| watch.add(relay.path()).err()).flatten()
    });
    if let Some(error) = error.or(failed) {
        tracing::warn!(event = "page-not-watched", reason = words(&error));
    }
    watch
}
