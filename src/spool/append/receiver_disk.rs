//! Pure. The parts that an inbox and its drafts share.

use super::arrivals::Arrivals;
use super::sequence::Sequence;
use crate::spool::disk::Disk;

/// The disk of a receiver, with what its threads do together: numbers and flushes.
#[derive(Debug)]
pub(in crate::spool) struct ReceiverDisk<D: Disk> {
    pub(in crate::spool) disk: D,
    pub(in crate::spool) sequence: Sequence<D::File>,
    pub(in crate::spool) arrivals: Arrivals,
}
