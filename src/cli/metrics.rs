//! Edge. `metrics`: the facts of the spool in Prometheus' text format. Only reads.

use super::exit::Failure;
use super::jobs::unreadable;
use super::load::load;
use super::print;
use crate::runner::metrics::{MetricSources, gather, text};
use crate::spool;
use std::io::{Write, stderr};
use std::path::Path;
use std::process::ExitCode;

/// Prints them.
pub(super) fn run(config: Option<&Path>) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let kept = spool::tally(&config.spool).map_err(unreadable)?;
    if let Some(why) = &kept.begun_anew {
        let _not_needed = writeln!(stderr(), "hookspool: the counts of ended jobs cannot be read: {why}");
    }
    let hooks: Vec<String> = config.hooks.iter().map(|hook| hook.name.clone()).collect();
    let facts = gather(&config.spool, &hooks, &kept.tally, &mut MetricSources::default());
    print::raw(text(&facts).as_bytes())
}
