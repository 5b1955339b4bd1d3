//! Edge. Care of the disk: removes what ended long ago, and what nobody needs any more. Never what failed or is
//! damaged.

use super::clock::Clock;
use super::current_config::CurrentConfig;
use crate::config::RunnerSettings;
use crate::spool::{Retention, SpoolError, SpoolOwner, expired};
use crate::system::stop::Stop;
use crate::system::wait::{after, ready};
use jiff::Timestamp;
use std::path::Path;
use std::time::{Duration, Instant};

/// Jobs that are removed at a time.
const PORTION: usize = 100;
/// Between two portions: the disk is for jobs first.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two looks.
const EVERY: Duration = Duration::from_secs(3600);
/// The most that a runner spends on it that ends when nothing is left to do.
const AT_THE_END: Duration = Duration::from_secs(5);

/// Cares for the disk at once and then every hour, until `halted`. What goes wrong is told, and tried again.
pub(super) fn go_on(owner: &SpoolOwner, spool: &Path, config: &CurrentConfig, mut clock: Clock, halted: &Stop) {
    let wait = |time| drop(ready(&[halted.fd()], after(time)));
    while !halted.requested() {
        let goes_on = || {
            wait(PAUSE);
            !halted.requested()
        };
        tell(tidy(owner, spool, &now(config), &mut clock, goes_on));
        wait(EVERY);
    }
}

/// Cares for the disk once, and not for long: a runner that cron starts has no next hour.
pub(super) fn once(owner: &SpoolOwner, spool: &Path, config: &CurrentConfig, mut clock: Clock) {
    let until = Instant::now() + AT_THE_END;
    tell(tidy(owner, spool, &now(config), &mut clock, || Instant::now() < until));
}

/// The settings as they are now: a reload may have changed them.
fn now(config: &CurrentConfig) -> RunnerSettings {
    config.get().runner.clone()
}

fn tell(result: Result<(), SpoolError>) {
    if let Err(error) = result {
        tracing::error!(event = "care-failed", reason = %error);
    }
}

/// The jobs that `[runner]` wants kept at `now`.
pub fn retention_of(settings: &RunnerSettings, now: Timestamp) -> Retention {
    let since = now.checked_sub(settings.keep).unwrap_or(Timestamp::MIN);
    Retention { since: Some(since), newest: settings.keep_count }
}

/// Removes what may go, in small portions; `goes_on` is asked before each, and may take its time.
fn tidy(
    owner: &SpoolOwner,
    spool: &Path,
    settings: &RunnerSettings,
    clock: &mut Clock,
    mut goes_on: impl FnMut() -> bool,
) -> Result<(), SpoolError> {
    let now = Timestamp::now();
    for problem in owner.tidy(now)? {
        tracing::error!(event = "problem", what = %problem);
    }
    let mut retention = retention_of(settings, now);
    if !clock.is_believed(now, Instant::now(), settings.keep) {
        tracing::warn!(event = "clock-leapt", "for a day nothing is removed by its age");
        retention.since = None;
    }
    if let Some(since) = retention.since {
        owner.prune_failed_letters(since)?;
    }
    let (mut jobs, mut bytes) = (0, 0);
    for portion in expired(spool, retention, false)?.chunks(PORTION) {
        if !goes_on() {
            break;
        }
        let removed = owner.remove(portion, false)?;
        jobs += removed.ids.len();
        bytes += removed.bytes;
    }
    if jobs > 0 {
        tracing::info!(event = "pruned", jobs, bytes);
    }
    Ok(())
}
