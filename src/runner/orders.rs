//! Edge. Orders from people, while the runner runs.

use super::drain::Drain;
use crate::spool::SpoolError;

impl Drain<'_> {
    /// Takes the orders that people have left: once a turn of the loop, before anything is chosen, and soon after a name
    /// appeared in a watched directory. There is nowhere to leave one yet.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the place where orders will be read")]
    pub(super) fn take_orders(&mut self) -> Result<(), SpoolError> {
        Ok(())
    }
}
