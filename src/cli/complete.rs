//! Edge. `complete`: names for the shells' completion, fast, and silent where there are none.

use super::args::Names;
use super::exit::Failure;
use super::print;
use crate::config::{self, Config};
use crate::model::State;
use crate::spool::{self, Filter};
use std::path::Path;
use std::process::ExitCode;

/// Most jobs that are named, the newest.
const NAMED_JOBS: usize = 500;

/// Prints the names, each on a line. Whoever may not read the configuration is told none.
pub(super) fn run(file: Option<&Path>, names: Names) -> Result<ExitCode, Failure> {
    if names == Names::States {
        State::ALL.iter().try_for_each(|state| print::line(state.as_str()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(config) = config::find(file).ok().and_then(|file| config::load(&file).ok()) else {
        return Ok(ExitCode::SUCCESS);
    };
    if names == Names::Targets {
        config.notify.iter().try_for_each(|target| print::line(&target.name))?;
    }
    if matches!(names, Names::Hooks | Names::HooksAndJobs) {
        config.hooks.iter().try_for_each(|hook| print::line(&hook.name))?;
    }
    if matches!(names, Names::Jobs | Names::HooksAndJobs) {
        jobs(&config).iter().try_for_each(|job| print::line(job))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn jobs(config: &Config) -> Vec<String> {
    let filter = Filter { newest: Some(NAMED_JOBS), ..Filter::default() };
    let ids = spool::ids(&config.spool, &filter).unwrap_or_default();
    ids.iter().rev().take(NAMED_JOBS).map(|(id, _)| id.short()).collect()
}
