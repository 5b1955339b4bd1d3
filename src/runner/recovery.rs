//! Edge. The account of what the last runner left in `running/`, before anything is begun.

use super::DrainError;
use super::attempt;
use super::cancel::Cancel;
use super::outcome_cache::OutcomeCache;
use super::payload::PayloadFile;
use super::steps;
use super::supply::report;
use super::task::Task;
use super::telling::Teller;
use crate::config::Config;
use crate::model::State;
use crate::spool::{Scan, SpoolOwner};
use crate::system::stop::Stop;
use jiff::Timestamp;
use std::sync::Arc;

/// Whatever of such a job still lives is ended first, so that no second copy ever runs beside it; then the hook's
/// `on_interrupt` decides. The number of jobs that have failed for good by it, and what is in `queued/`, unless that
/// took time in which more may have arrived.
pub(super) fn recover(
    owner: &SpoolOwner,
    config: &Arc<Config>,
    (outcomes, teller): (&OutcomeCache, &Teller),
    stop: &Stop,
) -> Result<(usize, Option<Scan>), DrainError> {
    let recovered = owner.recover(Timestamp::now())?;
    report(&recovered.problems);
    let queued = Some(recovered.queued).filter(|_| recovered.interrupted.is_empty());
    let mut failed = 0;
    for claim in recovered.interrupted {
        let (config, outcomes, cancel) = (Arc::clone(config), outcomes.clone(), Cancel::new()?);
        let task = Task {
            id: claim.id(),
            config,
            outcomes,
            teller: teller.clone(),
            halted: stop.clone(),
            cancel,
            claimed: Arc::default(),
            alone: true,
        };
        failed += usize::from(attempt::account_for(owner, claim, &task)?.is_failure());
    }
    PayloadFile::remove_all(&config.spool.join(State::Running.as_str()));
    for error in steps::clear_all_scratch(&config.spool) {
        tracing::warn!(event = "scratch", error);
    }
    Ok((failed, queued))
}
