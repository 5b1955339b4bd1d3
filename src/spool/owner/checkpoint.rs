//! Edge. The runner's journal as its owner sees it: begun, and emptied from time to time.

use super::SpoolOwner;
use super::scan::SpoolProblem;
use crate::spool::disk::{Disk, Place};
use crate::spool::error::{SpoolError, words};
use crate::spool::journal::{self, Journal};

impl<D: Disk> SpoolOwner<D> {
    /// Begins to write a journal: from now on an attempt costs two flushes, and not eight. If it cannot be, why: each
    /// job's files and names are flushed as they change, then.
    pub fn begin_journal(&self) -> Result<(), String> {
        let dirs = &self.dirs;
        if !dirs.disk.may_flush_all() {
            return Err("this kernel, or this file system, cannot say that it has written everything".to_owned());
        }
        let path = || dirs.disk.path(Place::Root, journal::name());
        let begun = Journal::begin(&dirs.disk, &dirs.boot_id);
        let begun = begun.map_err(|e| format!("cannot make {}: {}", path().display(), words(e)))?;
        let _one_is_there_already = dirs.journal.set(begun);
        Ok(())
    }

    /// Makes durable whatever the journal stands for, and empties it. With nothing in it, it costs nothing.
    pub fn checkpoint(&self) -> Result<(), SpoolError> {
        self.dirs.checkpoint()
    }

    /// A number that changes with every record; `None` while a checkpoint has nothing to do.
    pub fn journaled(&self) -> Option<u64> {
        self.dirs.journal.get()?.pending()
    }

    /// A journal that was removed would be found by nobody after a power cut.
    pub(in crate::spool) fn keep_journal(&self) -> Result<Option<SpoolProblem>, SpoolError> {
        let disk = &self.dirs.disk;
        let Some(journal) = self.dirs.journal.get().filter(|journal| !journal.is_in_place(disk)) else {
            return Ok(None);
        };
        journal.forsake();
        self.dirs.checkpoint()?;
        let text = "it was removed or replaced beneath the runner, which goes on without one, and slower; start the \
                    runner again";
        Ok(Some(SpoolProblem { path: disk.path(Place::Root, journal::name()), text: text.to_owned() }))
    }
}
