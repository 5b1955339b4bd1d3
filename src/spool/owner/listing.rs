//! Pure. One listing of `queued/`, sorted out: the oldest jobs, and what is no job.

use crate::model::JobId;
use crate::spool::disk::Kind;
use crate::spool::job::name::Name;
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};

/// Most jobs that one listing keeps, so that a million of them take no memory: drain these, then list again. Each is
/// looked at before the first of them begins, and after a reboot that means the disk.
pub(in crate::spool) const JOB_LIMIT: usize = 5_000;
/// Most other entries that one listing keeps; the next one goes on.
pub(in crate::spool) const STRAY_LIMIT: usize = 10_000;

/// Entries of one listing.
#[derive(Debug, Default)]
pub(in crate::spool) struct Listing {
    after: Option<JobId>,
    oldest: BinaryHeap<JobId>,
    /// `true` if there are more jobs than were kept.
    pub(in crate::spool) more: bool,
    pub(in crate::spool) histories: Vec<JobId>,
    /// Neither jobs nor histories.
    pub(in crate::spool) strays: Vec<(OsString, Kind)>,
}

impl Listing {
    /// Of the jobs that came after `after`.
    pub(in crate::spool) fn after(after: JobId) -> Self {
        Self { after: Some(after), ..Self::default() }
    }

    /// Takes an entry; says what counts as its name: what is no regular file is a stray, whatever it is called.
    pub(in crate::spool) fn take(&mut self, name: &OsStr, kind: Kind) -> Name {
        let may_be_regular = matches!(kind, Kind::Regular | Kind::Unknown);
        let is = if may_be_regular { Name::of(name) } else { Name::Stray };
        match is {
            Name::Job(id) => self.push(id),
            Name::History(id) if self.histories.len() < STRAY_LIMIT => self.histories.push(id),
            Name::Stray if self.strays.len() < STRAY_LIMIT => self.strays.push((name.to_owned(), kind)),
            _ => {}
        }
        is
    }

    /// The jobs that were kept, in order.
    pub(in crate::spool) fn into_jobs(self) -> Vec<JobId> {
        self.oldest.into_sorted_vec()
    }

    /// Adds a job.
    pub(in crate::spool) fn push(&mut self, id: JobId) {
        if self.after.is_some_and(|after| id <= after) {
            return;
        }
        if self.oldest.len() == JOB_LIMIT {
            self.more = true;
            // Most of a million are newer than all that are kept.
            if self.oldest.peek().is_some_and(|newest| id >= *newest) {
                return;
            }
            self.oldest.pop();
        }
        self.oldest.push(id);
    }
}
