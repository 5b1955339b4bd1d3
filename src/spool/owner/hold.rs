//! Edge. Hooks on hold: `holds/<hook>`, there as long as a person wants it so.

use super::SpoolOwner;
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::version;
use crate::spool::disk::{Access, Disk, JOB_MODE, Kind, Place};
use crate::spool::error::SpoolError;
use crate::system::random::random_bytes;
use jiff::Timestamp;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Longest file that is read.
const LIMIT_BYTES: usize = 16 * 1024;
/// A file that is written is named within moments.
const STALE_S: i64 = 600;
/// Ends the name of a file that is being written; no hook's name holds it.
const UNFINISHED: char = '~';

/// A person's wish that no job of a hook runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The reason.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// The person who wished it.
    pub by: String,
}

impl Hold {
    /// Beginning of the reason of one that a rollback made.
    pub const ROLLED_BACK: &str = "rolled back";

    /// `true` if it keeps what a rollback brought back.
    pub fn is_of_rollback(&self) -> bool {
        self.why.starts_with(Self::ROLLED_BACK)
    }

    /// The reason for the history of a job of `hook`.
    pub fn reason(&self, hook: &str) -> String {
        format!("hook `{hook}` is on hold: {}", self.why)
    }
}

impl<D: Disk> SpoolOwner<D> {
    /// The hooks on hold.
    pub fn holds(&self) -> Result<BTreeMap<String, Hold>, SpoolError> {
        read_all(&self.dirs.disk)
    }

    /// Puts a hook on hold; durable when it returns. One that is on hold already stays as it is, and is returned.
    pub fn hold(&self, hook: &str, hold: &Hold) -> Result<Option<Hold>, SpoolError> {
        let disk = &self.dirs.disk;
        let fresh = random_bytes::<8>().map_err(|e| SpoolError::call("draw a random name for", "a hold", e))?;
        let fresh = format!("{}{UNFINISHED}", hex::encode(fresh));
        let error = |call, e| SpoolError::call(call, disk.path(Place::Holds, hook.as_ref()), e);
        let file = with_reserve(disk, || disk.create(Place::Holds, fresh.as_ref(), JOB_MODE));
        let file = file.map_err(|e| error("create", e))?;
        let mut text = serde_json::to_vec(hold).expect("text keys and no floats");
        text.push(b'\n');
        let written = with_reserve(disk, || disk.write_all_at(&file, &text, 0)).and_then(|()| disk.flush(&file));
        let named = written.and_then(|()| disk.rename((Place::Holds, fresh.as_ref()), (Place::Holds, hook.as_ref())));
        if named.is_err() {
            let _ = disk.remove(Place::Holds, fresh.as_ref(), Kind::Regular);
        }
        match named {
            Ok(()) => disk.flush_dir(Place::Holds).map(|()| None).map_err(|e| error("flush", e)),
            Err(Errno::EXIST) => Ok(Some(read(disk, hook.as_ref()).map_err(|e| error("read", e))?)),
            Err(errno) => Err(error("write", errno)),
        }
    }

    /// Ends a hold; says whether there was one. Durable when it returns.
    pub fn end_hold(&self, hook: &str) -> Result<bool, SpoolError> {
        let disk = &self.dirs.disk;
        let error = |call, e| SpoolError::call(call, disk.path(Place::Holds, hook.as_ref()), e);
        match disk.remove(Place::Holds, hook.as_ref(), Kind::Regular) {
            Err(Errno::NOENT) => return Ok(false),
            other => other.map_err(|e| error("remove", e))?,
        }
        disk.flush_dir(Place::Holds).map(|()| true).map_err(|e| error("flush", e))
    }
}

impl<D: Disk> SpoolOwner<D> {
    /// Removes what a crash left half written.
    pub(in crate::spool) fn sweep_holds(&self, at: Timestamp) {
        let disk = &self.dirs.disk;
        let mut names: Vec<OsString> = Vec::new();
        let _looked_at_next_time = disk.entries(Place::Holds, &mut |name, _| names.push(name.to_owned()));
        let is_unfinished = |name: &&OsString| name.to_str().is_some_and(|name| name.ends_with(UNFINISHED));
        for name in names.iter().filter(is_unfinished) {
            let Ok(facts) = disk.facts_at(Place::Holds, name) else { continue };
            if at.as_second().saturating_sub(facts.modified_s) > STALE_S {
                let _looked_at_next_time = disk.remove(Place::Holds, name, facts.kind);
            }
        }
    }
}

/// The hooks on hold, for whoever may look. None where there is no such directory: an older spool.
pub fn holds(root: &Path) -> Result<BTreeMap<String, Hold>, SpoolError> {
    read_all(&version::open(root)?)
}

fn read_all<D: Disk>(disk: &D) -> Result<BTreeMap<String, Hold>, SpoolError> {
    let mut names = Vec::new();
    let listed = disk.entries(Place::Holds, &mut |name, _| names.extend(name.to_str().map(str::to_owned)));
    match listed {
        Err(Errno::NOENT) => return Ok(BTreeMap::new()),
        other => other.map_err(|e| SpoolError::call("list", disk.path(Place::Holds, OsStr::new("")), e))?,
    }
    names.retain(|name| !name.ends_with(UNFINISHED));
    let mut holds = BTreeMap::new();
    for name in names {
        match read(disk, name.as_ref()) {
            Err(Errno::NOENT) => {}
            read => drop(holds.insert(name, read.unwrap_or_else(|_| unreadable()))),
        }
    }
    Ok(holds)
}

/// Its name is what counts: one that says nothing that can be read holds all the same.
fn read<D: Disk>(disk: &D, name: &OsStr) -> Result<Hold, Errno> {
    let file = disk.open(Place::Holds, name, Access::Read)?;
    let mut text = vec![0; LIMIT_BYTES];
    let filled = disk.read_full_at(&file, &mut text, 0)?;
    Ok(serde_json::from_slice(&text[..filled]).unwrap_or_else(|_| unreadable()))
}

fn unreadable() -> Hold {
    Hold { why: "its file cannot be read".to_owned(), since: Timestamp::UNIX_EPOCH, by: "unknown".to_owned() }
}
