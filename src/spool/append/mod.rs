//! Pure. Appending a job: what a receiver does, from a number under the lock to a name in `queued/`.

pub(in crate::spool) mod arrivals;
pub(in crate::spool) mod draft;
pub(in crate::spool) mod inbox;
pub(in crate::spool) mod receiver_disk;
pub(in crate::spool) mod receiver_reach;
pub(in crate::spool) mod sequence;
