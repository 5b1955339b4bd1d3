//! Edge. The clock: jobs are named after it.

use super::finding::Finding;
use crate::cli::local_time::beside;
use crate::spool::{self, Filter};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::Path;

/// Jobs may be named so far ahead: a burst of them counts on.
const SLACK_S: i64 = 60;
/// No clock that is right says less (2026-01-01).
const BEGINNING: i64 = 1_767_225_600;

/// Compares the clock with the newest job's name.
pub(super) fn look(spool: &Path, findings: &mut Vec<Finding>) {
    let now = Timestamp::now();
    let newest = spool::ids(spool, &Filter::default()).ok().and_then(|ids| ids.last().map(|(id, _)| *id));
    let newest = newest.and_then(|id| Timestamp::from_nanosecond(id.sequence().into()).ok());
    findings.push(judge(now, newest));
}

fn judge(now: Timestamp, newest: Option<Timestamp>) -> Finding {
    let repair = "set the clock: `timedatectl set-ntp true`, and look at `timedatectl`";
    if now.as_second() < BEGINNING {
        let why = "signatures with a time are refused, and TLS certificates look invalid";
        return Finding::problem(format!("the clock says {now:.0}"), why, repair);
    }
    match newest {
        Some(newest) if newest.as_second() - now.as_second() > SLACK_S => Finding::warning(
            format!("the newest job is named after {newest:.0}, and the clock says {now:.0}"),
            "the clock was set back: order is kept, but ages and waits until retries are wrong",
            repair,
        ),
        _ => Finding::ok(format!("the clock says {}", beside(now, 0, &TimeZone::system()))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_job_from_the_future_and_a_clock_from_the_past_are_told() {
        let at = |s| Timestamp::from_second(BEGINNING + s).unwrap();
        let level = |now, newest: Option<i64>| judge(at(now), newest.map(at)).level;
        assert_eq!(level(100, None), Level::Ok);
        assert_eq!(level(100, Some(160)), Level::Ok);
        assert_eq!(level(100, Some(161)), Level::Warning);
        assert_eq!(level(-1, None), Level::Problem);
    }
}
