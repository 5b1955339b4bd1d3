//! Edge. The patience of whoever follows a log: while nothing comes, standard error tells what is waited for.

use super::awaited::awaited;
use super::print;
use super::progress::LiveLine;
use crate::config::Config;
use crate::model::{JobId, State};
use crate::spool::{self, JobView};
use jiff::Timestamp;
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// Time between two reads of a followed log.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// Silence for which nobody is told anything.
const SILENCE: Duration = Duration::from_secs(1);

/// Waits beside a job.
pub(super) struct Patience<'a> {
    config: &'a Config,
    id: JobId,
    follows: bool,
    quiet_since: Instant,
    looked: Option<Instant>,
    line: LiveLine,
    /// Told last where there is no terminal.
    told: String,
}

impl<'a> Patience<'a> {
    /// With job `id`; none unless it is followed.
    pub(super) fn new(config: &'a Config, id: JobId, follows: bool) -> Self {
        let (line, told) = (LiveLine::default(), String::new());
        Self { config, id, follows, quiet_since: Instant::now(), looked: None, line, told }
    }

    /// `true` if more may come.
    pub(super) fn more_to_come(&self) -> bool {
        let is_under_way = |state| matches!(state, State::Queued | State::Running | State::Waiting);
        self.follows && spool::state_of(&self.config.spool, self.id).is_ok_and(|state| state.is_some_and(is_under_way))
    }

    /// Something came: the line makes way.
    pub(super) fn rest(&mut self) {
        self.line.clear();
        (self.quiet_since, self.looked) = (Instant::now(), None);
    }

    /// Waits for a moment, and tells what for, once it has been quiet.
    pub(super) fn wait(&mut self) {
        let is_due = self.looked.is_none_or(|looked| looked.elapsed() >= SILENCE);
        if is_due && self.quiet_since.elapsed() >= SILENCE {
            self.looked = Some(Instant::now());
            if let Ok(Some(shown)) = spool::show(&self.config.spool, self.id) {
                self.tell(&shown.view);
            }
        }
        std::thread::sleep(POLL_INTERVAL);
    }

    /// On a terminal a line that changes, elsewhere one for each thing that is waited for: of a job that runs, none.
    fn tell(&mut self, job: &JobView) {
        let Some(awaited) = awaited(self.config, job, Timestamp::now()) else { return };
        let short = job.id.short();
        if LiveLine::is_seen() {
            return self.line.show(&format!("job {short}: {}", awaited.words));
        }
        if awaited.what != self.told && !awaited.what.is_empty() {
            let text = print::harmless(&format!("hookspool: job {short}: {}", awaited.what));
            let _not_needed = writeln!(stderr(), "{text}");
        }
        self.told = awaited.what;
    }
}
