//! Edge. The supply of jobs: those that arrived in `queued/`, and those that wait for a retry.

use super::backlog::Item;
use super::holds::Holds;
use super::jobs::Jobs;
use super::relaying;
use crate::model::{JobId, State};
use crate::spool::{Scan, SpoolError, SpoolProblem, Wait};
use jiff::Timestamp;

/// The progress of reading the spool into the backlog.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// The recovery's look into `queued/`, until it is taken in.
    queued: Option<Scan>,
    /// The last scan left jobs out.
    has_more: bool,
    /// Up to here jobs were looked at, if not all were.
    horizon: Option<JobId>,
    /// Behind the horizon there was nothing when it was moved last.
    at_the_end: bool,
}

impl Supply {
    /// Begins with what the recovery saw.
    pub(super) fn new(queued: Option<Scan>) -> Self {
        Self { queued, ..Self::default() }
    }

    /// Takes in what has arrived in `queued/`, and what waits for a retry.
    pub(super) fn refill(&mut self, jobs: &mut Jobs<'_>, holds: &mut Holds) -> Result<(), SpoolError> {
        let scan = self.queued.take().map_or_else(|| jobs.owner.scan(Timestamp::now()), Ok)?;
        report(&scan.problems);
        self.has_more = scan.more;
        self.horizon = scan.jobs.last().copied().filter(|_| scan.more);
        jobs.backlog.forget_cuts();
        holds.read(jobs.owner)?;
        relaying::mark(jobs, &scan.jobs)?;
        for id in scan.jobs {
            take_in(jobs, holds, id, State::Queued, None)?;
        }
        for (id, wait) in jobs.owner.waiting()? {
            take_in(jobs, holds, id, State::Waiting, Some(wait))?;
        }
        Ok(())
    }

    /// `true` if the backlog is running low and the spool has more.
    pub(super) fn is_due(&self, jobs: &Jobs<'_>) -> bool {
        self.has_more && jobs.backlog.is_scarce()
    }

    /// Notes that something arrived. `true` if it is to be read at once; otherwise it is found when the backlog has
    /// been worked off, since that is not read anew for each arrival.
    pub(super) fn has_arrived(&mut self, jobs: &Jobs<'_>, may_begin: bool) -> bool {
        self.at_the_end = false;
        let at_once = jobs.backlog.is_scarce() || (self.horizon.is_none() && may_begin);
        self.has_more |= !at_once;
        at_once
    }

    /// `true` if there may be jobs behind those that one scan returns.
    pub(super) fn may_look_further(&self) -> bool {
        self.horizon.is_some() && !self.at_the_end
    }

    /// Looks behind the jobs that one scan returns, for queues in which nothing runs: one with a long backlog must not
    /// hide the others. Of a queue that is well filled nothing more is taken in, and it is cut there.
    pub(super) fn look_further(&mut self, jobs: &mut Jobs<'_>, holds: &mut Holds) -> Result<(), SpoolError> {
        let Some(horizon) = self.horizon else { return Ok(()) };
        let scan = jobs.owner.scan_after(horizon)?;
        self.at_the_end = !scan.more;
        self.horizon = scan.jobs.last().copied().or(self.horizon);
        relaying::mark(jobs, &scan.jobs)?;
        for id in scan.jobs {
            if jobs.backlog.contains(id) {
                continue;
            }
            let Some(meta) = jobs.owner.peek(id, State::Queued)? else { continue };
            if relaying::pass_on(jobs, id, &meta)? {
                continue;
            }
            let queue = jobs.queue_of(id, &meta.hook).unwrap_or_default();
            if jobs.backlog.cut_if_filled(&queue) {
                continue;
            }
            let item = jobs.item(id, meta);
            jobs.backlog.insert(id, item);
            holds.hold_back(jobs, id)?;
        }
        Ok(())
    }
}

fn take_in(
    jobs: &mut Jobs<'_>,
    holds: &mut Holds,
    id: JobId,
    state: State,
    wait: Option<Wait>,
) -> Result<(), SpoolError> {
    if !jobs.backlog.contains(id) {
        let meta = jobs.owner.peek(id, state)?;
        if let Some(meta) = meta.as_ref().filter(|_| state == State::Queued)
            && relaying::pass_on(jobs, id, meta)?
        {
            return Ok(());
        }
        let item = meta.map_or_else(Item::unknown, |meta| jobs.item(id, meta));
        let not_before = wait.map(|wait| jobs.clock.end_of(wait));
        jobs.backlog.insert(id, Item { not_before, ..item });
        holds.hold_back(jobs, id)?;
    }
    Ok(())
}

/// Logs what does not belong in the spool.
pub(super) fn report(problems: &[SpoolProblem]) {
    for problem in problems {
        tracing::error!(event = "problem", what = %problem);
    }
}
