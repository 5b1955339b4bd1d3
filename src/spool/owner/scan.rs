//! Edge. The content of `queued/`: one listing, never a look at every entry.

use super::SpoolOwner;
use super::listing::{Listing, STRAY_LIMIT};
use super::state_dirs::STRANGERS_HISTORY;
use crate::model::{JobId, State};
use crate::spool::disk::in_place;
use crate::spool::disk::lock;
use crate::spool::disk::{Disk, Kind, Place};
use crate::spool::error::{SpoolError, words};
use crate::spool::job::history_file::history_name;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::PoisonError;

/// The content of `queued/`.
#[derive(Debug, Default)]
pub struct Scan {
    /// The oldest jobs, in order.
    pub jobs: Vec<JobId>,
    /// `true` if there are more.
    pub more: bool,
    /// Entries that did not belong there, each reported once.
    pub problems: Vec<SpoolProblem>,
}

/// Something that does not belong in the spool, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolProblem {
    /// Its path.
    pub path: PathBuf,
    /// A description, and where it went.
    pub text: String,
}

impl std::fmt::Display for SpoolProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

impl<D: Disk> SpoolOwner<D> {
    /// Lists `queued/`. Whatever is there and is neither a job nor a history goes to `corrupt/`, unopened; what cannot
    /// be moved is reported once and passed over. Whether a file named like a job is one, `claim` finds out. An error
    /// if a directory of the spool is no longer the one at its path.
    pub fn scan(&self, at: Timestamp) -> Result<Scan, SpoolError> {
        in_place::check(&self.dirs.disk, Place::VITAL)?;
        let lost_lock = lock::keep(&self.dirs.disk, &self.dirs.lock);
        let listing = self.list_queued(Listing::default())?;
        let mut scan = self.put_in_order(listing, at)?;
        let path = self.dirs.disk.path(Place::Root, lock::NAME.as_ref());
        scan.problems.extend(self.keep_journal()?);
        scan.problems.extend(lost_lock.map(|text| SpoolProblem { path, text }));
        Ok(scan)
    }

    /// Puts away what does not belong among what was listed.
    pub(in crate::spool) fn put_in_order(&self, listing: Listing, at: Timestamp) -> Result<Scan, SpoolError> {
        let mut problems = Vec::new();
        for (name, kind) in &listing.strays {
            problems.extend(self.clear_away(name, *kind, "neither a job nor a history", at));
        }
        for id in &listing.histories {
            problems.extend(self.check_history_owner(*id, at));
        }
        if !problems.is_empty() {
            self.dirs.flush_dirs(&[State::Corrupt, State::Queued])?;
        }
        Ok(Scan { more: listing.more, jobs: listing.into_jobs(), problems })
    }

    /// Lists the jobs in `queued/` that came after `after`, and leaves everything else alone.
    pub fn scan_after(&self, after: JobId) -> Result<Scan, SpoolError> {
        let listing = self.list_queued(Listing::after(after))?;
        Ok(Scan { more: listing.more, jobs: listing.into_jobs(), problems: Vec::new() })
    }

    fn list_queued(&self, mut listing: Listing) -> Result<Listing, SpoolError> {
        self.list(State::Queued, &mut |name, kind| {
            listing.take(name, kind);
        })?;
        Ok(listing)
    }

    pub(in crate::spool) fn list(&self, state: State, visit: &mut dyn FnMut(&OsStr, Kind)) -> Result<(), SpoolError> {
        self.dirs.disk.entries(Place::In(state), visit).map_err(|e| self.dirs.error("list", state, "", e))
    }

    /// Only a runner writes histories. A stranger's would also keep `queued/` from ever being empty.
    fn check_history_owner(&self, id: JobId, at: Timestamp) -> Option<SpoolProblem> {
        let name = history_name(id);
        let facts = self.dirs.disk.facts_at(Place::In(State::Queued), name.as_ref()).ok()?;
        let ours = facts.kind == Kind::Regular && self.dirs.owners.may_own_history(facts);
        if ours { None } else { self.clear_away(name.as_ref(), facts.kind, STRANGERS_HISTORY, at) }
    }

    /// Moves an entry of `queued/` to `corrupt/`. A directory that cannot be moved goes if it is empty.
    fn clear_away(&self, name: &OsStr, kind: Kind, why: &str, at: Timestamp) -> Option<SpoolProblem> {
        let queued = Place::In(State::Queued);
        let text = match self.dirs.try_put_away(State::Queued, name, why, at) {
            Ok(safe) => format!("{why}; moved to corrupt/{safe}"),
            Err(Errno::NOENT) => return None,
            Err(_) if kind == Kind::Directory && self.dirs.disk.remove(queued, name, kind).is_ok() => {
                format!("{why}; an empty directory, removed")
            }
            Err(errno) => {
                let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
                let is_new = reported.len() < STRAY_LIMIT && reported.insert(name.to_owned());
                if !is_new {
                    return None;
                }
                format!("{why}; cannot be moved to corrupt/: {}; remove it by hand", words(errno))
            }
        };
        Some(SpoolProblem { path: self.dirs.disk.path(queued, name), text })
    }
}
