//! Edge. Processes that a confined step leaves running, and their end.

use super::super::output::Output;
use super::{STEP_MARK, Walls};
use crate::system::tree::{Survivors, Tree};
use rustix::process::Pid;
use std::io;
use std::time::Duration;

/// The processes of a confined step, which end with it.
pub(in crate::runner::steps) struct BoxTree(Tree);

impl BoxTree {
    /// Those that `walls` are put up for; none has begun.
    pub(in crate::runner::steps) fn of(walls: &Walls, alone: bool) -> io::Result<Self> {
        let mut tree = Tree::marked(STEP_MARK, &walls.mark);
        if alone {
            tree.claim_orphans()?;
        }
        Ok(Self(tree))
    }

    pub(in crate::runner::steps) fn add(&mut self, pid: Pid) {
        self.0.add(pid);
    }

    /// Ends what the step left running; nothing is said where that was nothing. Its own process was reaped.
    pub(in crate::runner::steps) fn end(
        &mut self,
        patience: Duration,
        output: &mut Output<'_>,
    ) -> Option<io::Result<Survivors>> {
        let ended = self.0.end_left_behind(patience, &mut |fd, until| Ok(output.ready(&[fd], until)? == [true]));
        Some(ended).filter(|ended| !matches!(ended, Ok(Survivors { ended: 0, left: 0 })))
    }
}
