//! Edge. The jobs in `waiting/`, each with its wait.

use super::SpoolOwner;
use crate::model::{JobId, State};
use crate::spool::disk::{Access, Disk, Place};
use crate::spool::error::{SpoolError, is_unreadable, read_twice};
use crate::spool::job::history_file::{self, history_name};
use crate::spool::job::name::Name;
use crate::spool::job::wait::Wait;
use jiff::Timestamp;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// The wait of a job in `waiting/` that does not say until when. Claiming it will find out why.
const NONE: Wait = Wait { since: Timestamp::MIN, until: Timestamp::MIN };

impl<D: Disk> SpoolOwner<D> {
    /// The jobs in `waiting/`, in order of arrival. Each history is read once.
    pub fn waiting(&self) -> Result<Vec<(JobId, Wait)>, SpoolError> {
        let mut ids = Vec::new();
        self.list(State::Waiting, &mut |name, _| ids.extend(Name::of(name).job()))?;
        let mut known = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waits = BTreeMap::new();
        for id in ids {
            let wait = known.get(&id).copied().map_or_else(|| self.wait_of(id), Ok)?;
            waits.insert(id, wait);
        }
        known.clone_from(&waits);
        Ok(waits.into_iter().collect())
    }

    fn wait_of(&self, id: JobId) -> Result<Wait, SpoolError> {
        let disk = &self.dirs.disk;
        let name = history_name(id);
        let open = || disk.open(Place::In(State::Waiting), name.as_ref(), Access::Read);
        match read_twice(|| history_file::read(disk, &open()?)) {
            Ok((history, _)) => Ok(history.wait().unwrap_or(NONE)),
            Err(errno) if errno == Errno::NOENT || is_unreadable(errno) => Ok(NONE),
            Err(errno) => Err(self.dirs.error("read", State::Waiting, name, errno)),
        }
    }
}
