//! Edge. The spool: a directory in which every accepted delivery is a file, until it has been dealt with.

mod check;
mod claim;
mod create;
mod disk;
mod draft;
mod entry;
mod error;
mod format;
mod history;
mod inbox;
mod journal;
mod keeper;
mod real;
mod reserve;
mod sequence;
mod settlement;
mod shelf;

pub use claim::{Claim, Claimed};
pub use create::create;
pub use disk::{Access, Disk, Facts, Io, Kind, Lock, Place};
pub use draft::Draft;
pub use entry::{Entry, What};
pub use error::SpoolError;
pub use history::History;
pub use inbox::Inbox;
pub use keeper::Keeper;
pub use real::RealDisk;
pub use settlement::Settlement;
