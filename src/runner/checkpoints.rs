//! Edge. Care of the runner's journal: begun before the first job, emptied when all is quiet and at the end. One that
//! is full is emptied by whoever needs room in it.

use crate::spool::{SpoolError, SpoolOwner};
use crate::system::stop::Stop;
use crate::system::wait::{after, ready};
use std::time::Duration;

/// All is quiet if nothing was written down for so long, or twice that. Nothing waits for a checkpoint; it spares the
/// next runner work after a power cut.
const QUIET: Duration = Duration::from_secs(10);

/// Begins the journal. Jobs run without one, too.
pub(super) fn begin(owner: &SpoolOwner) {
    if let Err(reason) = owner.begin_journal() {
        tracing::warn!(event = "no-journal", reason);
    }
}

/// Makes a checkpoint whenever it has become quiet, until `halted`.
pub(super) fn go_on(owner: &SpoolOwner, halted: &Stop) {
    let mut seen = None;
    while !halted.requested() {
        let now = owner.journaled();
        if now.is_some() && now == seen {
            tell(owner.checkpoint());
        }
        seen = owner.journaled();
        let _halted_or_not = ready(&[halted.fd()], after(QUIET));
    }
}

/// Leaves nothing to the next runner.
pub(super) fn last(owner: &SpoolOwner) {
    tell(owner.checkpoint());
}

/// The journal has all of it still, and the next runner will follow it.
fn tell(made: Result<(), SpoolError>) {
    if let Err(error) = made {
        tracing::error!(event = "no-checkpoint", reason = %error);
    }
}
