//! Edge. The times at which the hooks' remotes are asked next: `reconcile`, one file of the runner. A hint and no
//! promise: it is not flushed, and whoever cannot read it asks again.

use super::SpoolOwner;
use crate::spool::disk::{Access, Disk, Io, JOB_MODE, Place};
use crate::spool::error::SpoolError;
use jiff::Timestamp;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::OsStr;

/// Longest file that is read.
const LIMIT_BYTES: usize = 1024 * 1024;

fn name() -> &'static OsStr {
    OsStr::new("reconcile")
}

impl<D: Disk> SpoolOwner<D> {
    /// The times at which remotes are to be asked, by hook, as the runner before has left them. None where there is no
    /// such file, or it makes no sense.
    pub fn reconcile_times(&self) -> BTreeMap<String, Timestamp> {
        let disk = &self.dirs.disk;
        let read = || {
            let file = disk.open(Place::Root, name(), Access::Read)?;
            let mut text = vec![0; LIMIT_BYTES];
            let filled = disk.read_full_at(&file, &mut text, 0)?;
            text.truncate(filled);
            Ok::<_, Errno>(text)
        };
        read().ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Leaves for the next runner when which hook's remote is to be asked. What a crash leaves of it may make no sense.
    pub fn leave_questions(&self, due: &BTreeMap<String, Timestamp>) -> Result<(), SpoolError> {
        let mut text = serde_json::to_vec(due).expect("text keys and no floats");
        text.push(b'\n');
        let disk = &self.dirs.disk;
        let error = |e| SpoolError::call("write", disk.path(Place::Root, name()), e);
        write(disk, &text).map_err(error)
    }
}

fn write<D: Disk>(disk: &D, text: &[u8]) -> Io<()> {
    let file = match disk.open(Place::Root, name(), Access::Write) {
        Err(Errno::NOENT) => disk.create(Place::Root, name(), JOB_MODE),
        other => other,
    }?;
    disk.write_all_at(&file, text, 0)?;
    disk.truncate(&file, text.len() as u64)
}
