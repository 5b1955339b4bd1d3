//! Edge. What the last runner left in `running/` is accounted for before anything is begun.

use super::attempt::{self, End};
use super::newcomers::report;
use super::payload::PayloadFile;
use crate::config::Config;
use crate::model::{Outcome, State};
use crate::spool::{Keeper, SpoolError};
use jiff::Timestamp;

/// Whatever of such a job still lives is ended first, so that no second copy ever runs beside it; then the hook's
/// `on_interrupt` decides. The number of jobs that have failed for good by it.
pub(super) fn recover(keeper: &Keeper, config: &Config) -> Result<usize, SpoolError> {
    let recovered = keeper.recover(Timestamp::now())?;
    report(&recovered.problems);
    let mut failed = 0;
    for claim in recovered.interrupted {
        failed += usize::from(is_bad(&attempt::account_for(claim, config)?));
    }
    PayloadFile::remove_all(&config.spool.join(State::Running.as_str()));
    Ok(failed)
}

/// Whether a job has failed for good.
pub(super) fn is_bad(end: &End) -> bool {
    matches!(end, End::Over(Outcome::Failed | Outcome::TimedOut | Outcome::Interrupted))
}
