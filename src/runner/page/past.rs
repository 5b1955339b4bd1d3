//! Pure. The past: what follows from the jobs that ended, from the newest one back.

use super::ledger::Brief;
use crate::config::{Config, Hook};
use crate::model::JobId;
use crate::page::JobCard;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Jobs that ended, in the last table.
const RECENT: usize = 50;

/// A hook and a ref.
pub(super) type HookRef = (Arc<str>, Option<Arc<str>>);

/// Findings about the jobs that ended, from the newest one back.
#[derive(Default)]
pub(super) struct Past {
    pub(super) recent: Vec<JobCard>,
    /// Those whose newest result is a failure: end of the first one since, number, and the last one.
    pub(super) broken: Vec<(HookRef, Option<Timestamp>, usize, JobId)>,
    /// Those of which a success was found.
    pub(super) good: HashMap<HookRef, JobId>,
    pub(super) last_success: HashMap<Arc<str>, JobId>,
    pub(super) last_failure: HashMap<Arc<str>, JobId>,
    pub(super) complete: bool,
}

impl Past {
    /// `true` if the last table has room for another one.
    pub(super) fn has_room(&self) -> bool {
        self.recent.len() < RECENT
    }

    /// `true` if what is left, so many in `done/` and in `failed/`, cannot tell anything new.
    pub(super) fn is_over(&self, config: &Config, [done, failed]: [usize; 2]) -> bool {
        let has = |found: &HashMap<Arc<str>, JobId>, hook: &Hook| found.contains_key(hook.name.as_str());
        let lacks_success = config.hooks.iter().any(|hook| !has(&self.last_success, hook));
        let has_rows = !self.has_room() || done + failed == 0;
        has_rows && failed == 0 && (done == 0 || !lacks_success)
    }

    pub(super) fn add(&mut self, id: JobId, brief: Brief) {
        let line: HookRef = (Arc::clone(&brief.hook), brief.reference.clone());
        if brief.is_success() {
            self.last_success.entry(brief.hook).or_insert(id);
            self.good.entry(line).or_insert(id);
        } else if brief.is_failure() {
            self.last_failure.entry(brief.hook).or_insert(id);
            if !self.good.contains_key(&line) {
                self.break_line(line, brief.ended_at, id);
            }
        }
    }

    fn break_line(&mut self, line: HookRef, ended_at: Option<Timestamp>, id: JobId) {
        match self.broken.iter_mut().find(|(broken, ..)| *broken == line) {
            Some((_, since, jobs, _)) => (*since, *jobs) = (ended_at, *jobs + 1),
            None => self.broken.push((line, ended_at, 1, id)),
        }
    }
}
