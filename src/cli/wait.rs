//! Edge. `wait`: until a job has ended, without a look in between.

use super::exit::{self, Failure};
use super::jobs::{age, find, unreadable};
use super::load::load;
use super::print;
use super::progress::LiveLine;
use super::step_progress::StepProgress;
use crate::config::Config;
use crate::model::{JobId, Outcome, State};
use crate::spool::{self, History, HistoryEvent, Settlement, Shown};
use crate::system::wait::after;
use crate::system::watch::Watch;
use jiff::Timestamp;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Time between two checks where the kernel reports no changes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Longest time without a look: inotify is only a hint.
const RECHECK_INTERVAL: Duration = Duration::from_secs(15);
/// Between two looks at the progress of a job, where somebody sees it.
const REDRAW_INTERVAL: Duration = Duration::from_secs(1);
/// A job is moved before its history: for a moment it has ended without saying how.
const HISTORY_GRACE: Duration = Duration::from_secs(2);

/// Waits, prints how the job ended, and exits 0 when it succeeded. What another job took the place of has ended when
/// that one has.
pub(super) fn run(
    config: Option<&Path>,
    job: &str,
    timeout: Option<Duration>,
    json: bool,
) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let mut waiter = Waiter::new(&config, find(&config.spool, job)?, timeout);
    let shown = waiter.wait()?;
    waiter.line.clear();
    if json {
        print::json(&shown.view)?;
    } else {
        let word = shown.view.outcome.map_or(shown.view.state.as_str(), Outcome::as_str);
        let reason = shown.view.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        print::line(&format!("job {}: {word}{reason}", shown.view.id.short()))?;
    }
    let is_good = shown.view.outcome == Some(Outcome::Succeeded);
    Ok(ExitCode::from(if is_good { 0 } else { exit::NO }))
}

struct Waiter<'a> {
    config: &'a Config,
    spool: &'a Path,
    id: JobId,
    until: Instant,
    watch: Watch,
    was_held: bool,
    ended_at: Option<Instant>,
    line: LiveLine,
}

impl<'a> Waiter<'a> {
    fn new(config: &'a Config, id: JobId, timeout: Option<Duration>) -> Self {
        let spool = config.spool.as_path();
        let (watch, _poll_instead) = Watch::directory(&spool.join(State::ALL[0].as_str()));
        for state in State::ALL {
            let _looked_at_from_time_to_time = watch.add(&spool.join(state.as_str()));
        }
        let until = after(timeout.unwrap_or(Duration::MAX));
        Self { config, spool, id, until, watch, was_held: false, ended_at: None, line: LiveLine::default() }
    }

    fn wait(&mut self) -> Result<Shown, Failure> {
        loop {
            let shown = spool::show(self.spool, self.id).map_err(unreadable)?;
            let shown = shown.ok_or_else(|| Failure::new(exit::NO, format!("job {} was removed", self.id)))?;
            if let Some(other) = successor(&shown.history) {
                self.id = other;
                continue;
            }
            if self.has_ended(&shown) {
                return Ok(shown);
            }
            self.tell_of_a_hold(&shown);
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let (short, state) = (self.id.short(), shown.view.state.as_str());
                self.line.clear();
                return Err(Failure::new(exit::TRY_AGAIN, format!("job {short} has not ended: {state}")));
            }
            let at_most = match self.ended_at {
                Some(_) => POLL_INTERVAL,
                None if LiveLine::is_seen() => self.tell_progress(&shown),
                None => RECHECK_INTERVAL,
            };
            self.watch.wait_alone(left.min(at_most), POLL_INTERVAL);
        }
    }

    fn has_ended(&mut self, shown: &Shown) -> bool {
        let is_over = matches!(shown.view.state, State::Done | State::Failed | State::Corrupt);
        let ended_at = *self.ended_at.get_or_insert_with(Instant::now);
        if !is_over {
            self.ended_at = None;
        }
        let says_how = shown.view.outcome.is_some() || shown.view.state == State::Corrupt;
        is_over && (says_how || ended_at.elapsed() > HISTORY_GRACE)
    }

    /// Shows what is waited for; the time after which to show it anew.
    fn tell_progress(&mut self, shown: &Shown) -> Duration {
        let (now, job) = (Timestamp::now(), &shown.view);
        let (short, state) = (job.id.short(), job.state.as_str());
        let arrived = job.arrived_at.map_or_else(String::new, |at| format!(", arrived {} ago", age(at, now)));
        let words = StepProgress::of(self.config, job).words(now);
        let words = words.map_or_else(|| format!("{state}{arrived}"), |words| format!("{state}, {words}"));
        self.line.show(&format!("job {short}: {words}"));
        REDRAW_INTERVAL
    }

    fn tell_of_a_hold(&mut self, shown: &Shown) {
        let is_held = shown.view.state == State::Held;
        if is_held && !self.was_held {
            let reason = shown.view.reason.as_deref().unwrap_or("no reason given");
            let text = format!("hookspool: job {} is held: {reason}", self.id.short());
            self.line.clear();
            let _not_needed = writeln!(std::io::stderr(), "{}", print::harmless(&text));
        }
        self.was_held = is_held;
    }
}

/// The job that took the place of this one, or that this one repeats.
fn successor(history: &History) -> Option<JobId> {
    match history.entries().last()?.what {
        HistoryEvent::Settled(Settlement::SupersededBy { id } | Settlement::RepeatOf { id }) => Some(id),
        _ => None,
    }
}
