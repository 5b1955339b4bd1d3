//! Pure. A job on its way from the loop to a worker.

use super::cancel::Cancel;
use super::outcome_cache::OutcomeCache;
use super::telling::Teller;
use crate::config::Config;
use crate::model::JobId;
use crate::system::stop::Stop;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A job to run, and what may end it.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: JobId,
    /// The configuration when it was begun: a later one does not change a running job.
    pub(super) config: Arc<Config>,
    pub(super) outcomes: OutcomeCache,
    pub(super) teller: Teller,
    /// The runner has to stop.
    pub(super) halted: Stop,
    /// The job has to end.
    pub(super) cancel: Cancel,
    /// Set once the job is out of `queued/` or `waiting/`.
    pub(super) claimed: Arc<AtomicBool>,
    /// No other job runs beside it.
    pub(super) alone: bool,
}
