//! Edge. The spool: a directory in which every accepted delivery is a file, until it has been dealt with.

mod check;
mod claim;
mod create;
mod disk;
mod draft;
mod entry;
mod error;
mod format;
mod glance;
mod history;
mod inbox;
mod journal;
mod keeper;
mod real;
mod recover;
mod reserve;
mod scan;
mod sequence;
mod settlement;
mod shelf;
mod sweep;
mod view;

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
pub use recover::Recovered;
pub use scan::{Due, Problem, Scan};
pub use settlement::Settlement;
pub use view::{Filter, JobView, Match, Shown, find, history_path, job_path, list, log_path, show, state_of};

#[cfg(test)]
mod crash;
#[cfg(test)]
mod fake;
