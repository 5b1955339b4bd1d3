//! Pure. What an inbox and its drafts share.

use super::arrivals::Arrivals;
use super::disk::Disk;
use super::sequence::Sequence;

/// The disk of a receiver, with what its threads do together: numbers and flushes.
#[derive(Debug)]
pub(super) struct ReceiverDisk<D: Disk> {
    pub(super) disk: D,
    pub(super) sequence: Sequence<D::File>,
    pub(super) arrivals: Arrivals,
}
