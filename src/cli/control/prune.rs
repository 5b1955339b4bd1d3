//! Edge. `prune`: removes what ended long ago.

use super::args::PruneArgs;
use super::request::Requester;
use crate::cli::exit::Failure;
use crate::cli::jobs::unreadable;
use crate::cli::load::load;
use crate::cli::moment::ago;
use crate::cli::print;
use crate::cli::progress::Progress;
use crate::config::Config;
use crate::model::{JobId, State};
use crate::runner::retention::retention_of;
use crate::spool::{self, EffectResult, Order, Retention};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Jobs of one order.
const PORTION: usize = 500;

/// Result of a prune, or of a dry run.
#[derive(Debug, serde::Serialize)]
struct Pruned {
    dry_run: bool,
    jobs: usize,
    bytes: u64,
    /// Jobs that stay whatever their age, for people to inspect.
    failed: usize,
    corrupt: usize,
}

/// Removes jobs that ended, their histories and logs: as old or as many as was typed, or as the configuration says.
pub(in crate::cli) fn run(config: Option<&Path>, args: &PruneArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let requester = Requester::new(&config)?;
    let ids = spool::expired(&config.spool, retention(&config, args), args.failed).map_err(unreadable)?;
    let mut pruned = Pruned { dry_run: args.dry_run, jobs: 0, bytes: 0, failed: 0, corrupt: 0 };
    let mut progress = Progress::of("jobs", ids.len());
    for portion in ids.chunks(PORTION) {
        let sizes: Vec<u64> = portion.iter().map(|&id| size(&config.spool, id)).collect();
        let gone = if args.dry_run { portion.to_vec() } else { remove(&requester, portion, args.failed)? };
        let taken = portion.iter().zip(sizes).filter(|(id, _)| gone.contains(id));
        pruned.bytes += taken.map(|(_, size)| size).sum::<u64>();
        pruned.jobs += gone.len();
        progress.advance(portion.len());
    }
    drop(progress);
    let counts = spool::count(&config.spool).map_err(unreadable)?;
    let count = |state| counts.get(&state).copied().unwrap_or_default();
    (pruned.failed, pruned.corrupt) = (count(State::Failed), count(State::Corrupt));
    report(&pruned, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// The limits on the command line, or else those of the configuration.
fn retention(config: &Config, args: &PruneArgs) -> Retention {
    let now = Timestamp::now();
    if args.older_than.is_none() && args.keep.is_none() {
        return retention_of(&config.runner, now);
    }
    Retention { since: args.older_than.map(|age| ago(age, now)), newest: args.keep }
}

fn remove(requester: &Requester<'_>, portion: &[JobId], failed: bool) -> Result<Vec<JobId>, Failure> {
    let effects = requester.give(Order::Remove { ids: portion.to_vec(), failed })?;
    let gone = effects.into_iter().filter(|effect| effect.result == EffectResult::Changed);
    Ok(gone.filter_map(|effect| effect.id).collect())
}

fn size(root: &Path, id: JobId) -> u64 {
    let places = [State::Done, State::Failed];
    let mut paths: Vec<PathBuf> = vec![spool::log_path(root, id)];
    paths.extend(places.map(|state| spool::job_path(root, state, id)));
    paths.extend(places.map(|state| spool::history_path(root, state, id)));
    paths.iter().filter_map(|path| std::fs::symlink_metadata(path).ok()).map(|metadata| metadata.len()).sum()
}

fn report(pruned: &Pruned, json: bool) -> Result<(), Failure> {
    if json {
        return print::json(pruned);
    }
    let verb = if pruned.dry_run { "would remove" } else { "removed" };
    print::line(&format!("{verb} {}, {}", print::count(pruned.jobs, "job"), print::size(pruned.bytes)))?;
    if pruned.failed + pruned.corrupt > 0 {
        let text =
            format!("{} failed and {} corrupt jobs stay until a person removes them", pruned.failed, pruned.corrupt);
        print::line(&text)?;
    }
    Ok(())
}
