//! Edge. The receiver's side: an open spool that takes drafts.

use super::arrivals::Arrivals;
use super::draft::Draft;
use super::receiver_disk::ReceiverDisk;
use super::sequence::Sequence;
use crate::model::State;
use crate::spool::disk::in_place;
use crate::spool::disk::real::RealDisk;
use crate::spool::disk::version;
use crate::spool::disk::{Disk, Place};
use crate::spool::error::SpoolError;
use crate::system::random::random_bytes;
use std::path::Path;
use std::sync::Arc;

/// An open spool for receivers. Needs to be a member of the spool's group, and to own nothing. One inbox serves many
/// threads; nothing but the sequence number makes them wait for each other.
#[derive(Debug)]
pub struct Inbox<D: Disk = RealDisk>(Arc<ReceiverDisk<D>>);

impl Inbox {
    /// Opens the spool at `root` and the directories that an append needs, so that running out of descriptors later
    /// costs one delivery, not the spool.
    pub fn open(root: &Path) -> Result<Self, SpoolError> {
        let disk = version::open_to_pass(root)?;
        for place in [Place::Tmp, Place::In(State::Queued)] {
            disk.hold(place).map_err(|e| SpoolError::call("open", root.join(place.as_str()), e))?;
        }
        Self::on(disk)
    }
}

impl<D: Disk> Inbox<D> {
    /// An inbox on any disk.
    pub fn on(disk: D) -> Result<Self, SpoolError> {
        let sequence = Sequence::open(&disk)?;
        Ok(Self(Arc::new(ReceiverDisk { disk, sequence, arrivals: Arrivals::default() })))
    }

    /// An error if the spool that this inbox opened is no longer the one at its path: open another.
    pub fn check_in_place(&self) -> Result<(), SpoolError> {
        in_place::check(&self.0.disk, &[Place::In(State::Queued)])
    }

    /// Begins a job. Nothing is on disk until its payload outgrows the draft's buffer or it is committed, so that a
    /// delivery that turns out to be unsigned costs no disk.
    pub fn draft(&self) -> Result<Draft<D>, SpoolError> {
        let random = random_bytes().map_err(|e| SpoolError::call("draw a random name for", "a job", e))?;
        Ok(Draft::new(Arc::clone(&self.0), random))
    }
}
