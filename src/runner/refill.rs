//! Edge. What the loop takes in: jobs that arrived in `queued/`, and those that wait for a retry.

use super::backlog::Item;
use super::drain::Drain;
use crate::config::Config;
use crate::model::{JobId, JobMeta, State};
use crate::spool::{Problem, SpoolError};
use jiff::Timestamp;

impl Drain<'_> {
    /// Takes in what has arrived in `queued/`, and what waits for a retry.
    pub(super) fn refill(&mut self) -> Result<(), SpoolError> {
        let scan = self.queued.take().map_or_else(|| self.owner.scan(Timestamp::now()), Ok)?;
        report(&scan.problems);
        self.has_more = scan.more;
        self.horizon = scan.jobs.last().copied().filter(|_| scan.more);
        self.backlog.forget_cuts();
        self.read_holds()?;
        for id in scan.jobs {
            self.take_in(id, State::Queued, None)?;
        }
        for (id, not_before) in self.owner.waiting()? {
            self.take_in(id, State::Waiting, Some(not_before))?;
        }
        Ok(())
    }

    /// Looks behind the jobs that one scan returns, for queues in which nothing runs: one with a long backlog must not
    /// hide the others. Of a queue that is well filled nothing more is taken in, and it is cut there.
    pub(super) fn look_further(&mut self) -> Result<(), SpoolError> {
        let Some(horizon) = self.horizon else { return Ok(()) };
        let scan = self.owner.scan_after(horizon)?;
        self.at_the_end = !scan.more;
        self.horizon = scan.jobs.last().copied().or(self.horizon);
        for id in scan.jobs {
            if self.backlog.contains(id) {
                continue;
            }
            let Some(meta) = self.owner.peek(id, State::Queued)? else { continue };
            let queue = queue_of(&self.config, id, &meta.hook).unwrap_or_default();
            if self.backlog.cut_if_filled(&queue) {
                continue;
            }
            self.backlog.insert(id, item(&self.config, id, meta));
            self.hold_back(id)?;
        }
        Ok(())
    }

    fn take_in(&mut self, id: JobId, state: State, not_before: Option<Timestamp>) -> Result<(), SpoolError> {
        if !self.backlog.contains(id) {
            let item = self.owner.peek(id, state)?.map_or_else(Item::unknown, |meta| item(&self.config, id, meta));
            self.backlog.insert(id, Item { not_before, ..item });
            self.hold_back(id)?;
        }
        Ok(())
    }
}

/// One whose hook is gone is taken in under no queue: claiming it will hold it.
fn item(config: &Config, id: JobId, meta: JobMeta) -> Item {
    match config.hook(&meta.hook).map(|hook| &hook.plan) {
        Some(plan) => Item::of(id, meta, &plan.queue, plan.when_newer),
        None => Item { hook: meta.hook, ..Item::unknown() },
    }
}

/// The queue of a job of hook `hook`; `None` when there is no such hook.
pub(super) fn queue_of(config: &Config, id: JobId, hook: &str) -> Option<String> {
    let plan = &config.hook(hook)?.plan;
    Some(Item::queue(id, &plan.queue, plan.when_newer))
}

/// Tells of what does not belong in the spool.
pub(super) fn report(problems: &[Problem]) {
    for problem in problems {
        tracing::error!(event = "problem", what = %problem);
    }
}
