//! Edge. Care of the disk: removes what ended long ago, and what nobody needs any more. Never what failed or is damaged.

use crate::config::RunnerSettings;
use crate::spool::{Keeper, Retention, SpoolError, expired};
use jiff::Timestamp;
use std::path::Path;

/// Jobs that are removed at a time.
const PORTION: usize = 100;

/// What `[runner]` wants kept at `now`.
pub fn retention_of(settings: &RunnerSettings, now: Timestamp) -> Retention {
    let since = now.checked_sub(settings.keep).unwrap_or(Timestamp::MIN);
    Retention { since: Some(since), newest: settings.keep_count }
}

/// Removes what may go, in small portions; `goes_on` is asked before each, and may take its time.
pub(super) fn tidy(
    keeper: &Keeper,
    spool: &Path,
    settings: &RunnerSettings,
    mut goes_on: impl FnMut() -> bool,
) -> Result<(), SpoolError> {
    let now = Timestamp::now();
    for problem in keeper.tidy(now)? {
        tracing::error!(event = "problem", what = %problem);
    }
    let (mut jobs, mut bytes) = (0, 0);
    for portion in expired(spool, retention_of(settings, now), false)?.chunks(PORTION) {
        if !goes_on() {
            break;
        }
        let removed = keeper.remove(portion, false)?;
        jobs += removed.ids.len();
        bytes += removed.bytes;
    }
    if jobs > 0 {
        tracing::info!(event = "pruned", jobs, bytes);
    }
    Ok(())
}
