//! Edge. Commands.

use super::GoalState;
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::{ConditionalRun, Run};
use crate::cli::init::tool;
use crate::system::errno::words;
use std::collections::BTreeSet;
use std::path::PathBuf;

pub(super) fn state(it: &ConditionalRun, written: &BTreeSet<PathBuf>) -> GoalState {
    let is_too_late = !it.unless.is_empty() && it.unless.iter().all(tool::agrees);
    let is_due = it.after.is_empty() || it.after.iter().any(|file| written.contains(file));
    if is_due && !is_too_late && it.only_if.iter().all(tool::agrees) {
        return GoalState::ToDo;
    }
    GoalState::AsIs("not needed".to_owned())
}

pub(super) fn run(run: &Run) -> Result<(), Failure> {
    let failed = |why: &str| Failure::new(exit::UNAVAILABLE, format!("`{}` failed: {why}", run.shown()));
    let ended = tool::run(run).map_err(|error| failed(&words(&error)))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(failed(if ended.text.is_empty() { "it said nothing" } else { &ended.text }))
}
