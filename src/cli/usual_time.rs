//! Edge. The time that a step usually takes: what it took in the hook's last job that succeeded.

use crate::config::Config;
use crate::model::{Outcome, State};
use crate::runner::log::RunningStep;
use crate::spool::{self, Filter, HistoryEvent};

/// Jobs that are looked at for one that succeeded.
const LOOK_LIMIT: usize = 200;

/// In milliseconds; `None` where no such job is left, or its step was another.
pub(super) fn usual_ms(config: &Config, hook: &str, step: &RunningStep) -> Option<u64> {
    let filter = Filter { states: vec![State::Done], newest: Some(LOOK_LIMIT), ..Filter::default() };
    let jobs = spool::newest_first(&config.spool, &filter).ok()?.flatten();
    let is_good = |hook_of: Option<&str>, outcome| hook_of == Some(hook) && outcome == Some(Outcome::Succeeded);
    let last = jobs.into_iter().find(|job| is_good(job.hook.as_deref(), job.outcome))?;
    let shown = spool::show(&config.spool, last.id).ok()??;
    shown.history.entries().iter().rev().find_map(|entry| match &entry.what {
        HistoryEvent::Step { index, title, list, ms, .. } => {
            let is_same = *index as usize == step.number && *title == step.title && list.is_empty();
            is_same.then_some(*ms)
        }
        _ => None,
    })
}
