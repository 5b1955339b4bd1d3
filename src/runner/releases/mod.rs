//! Edge. Releases: a directory for each job that made one, and a link to the one that is served.
//!
//! ```text
//! current -> releases/42-1a2b3c4d5e   the link that a web server's `root` names; relative, switched by rename
//! releases/42-1a2b3c4d5e/             number and commit; the tree, without `.git`
//! releases/42-1a2b3c4d5e.good         its mark: every step before the switch did; one line of JSON
//! releases/.42-1a2b3c4d5e.gone/       what is being removed, or a leftover of that
//! releases/.lock                      the lock (flock), for its owner alone; empty
//! shared/                             what all releases share; in each a link leads here
//! repo/                               the bare repository that they come from
//! releases.log                        the log of switches, one line of JSON each
//! .current.new                        a switch under way, or a leftover of one
//! ```
//!
//! - The link is the truth; the log follows it. A line is written after the switch that it tells of: what was switched
//!   and not written down, by a crash or by hand, is noted by whoever looks next.
//! - A release without a mark is one that failed, or that is being made.
//! - Whoever switches, marks or removes has the lock, and never for long.
//! - A way back goes by the log, never by times of files.

mod disk;
mod fault;
mod keep;
mod listing;
mod name;
mod place;
#[cfg(test)]
mod power;
mod shared;
mod switch;
mod switches;

pub use fault::ReleaseFault;
pub use keep::{Keep, remove_all};
pub use listing::{ReleaseListing, ReleaseMark};
pub use name::ReleaseName;
pub use place::{Current, ReleasesDir, ReleasesLock};
pub use switch::Switched;
pub use switches::{Switch, SwitchKind};
