//! Edge. The spool: a directory in which every accepted delivery is a file, until it has been dealt with.

mod create;
mod disk;
mod draft;
mod error;
mod format;
mod inbox;
mod real;
mod reserve;
mod sequence;

pub use create::create;
pub use disk::{Access, Disk, Facts, Io, Kind, Lock, Place};
pub use draft::Draft;
pub use error::SpoolError;
pub use inbox::Inbox;
pub use real::RealDisk;
