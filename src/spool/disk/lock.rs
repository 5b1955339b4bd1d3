//! Edge. The lock of the spool: one owner at a time.
//!
//! It is twofold, `lock` and the directory `control/`, since a file called `lock` is what people and scripts remove
//! when they think that it was left behind. Both are for the spool's owner alone: whoever may open them may lock them.

use super::{Access, Disk, LOCK_MODE, Lock, Place};
use crate::spool::error::SpoolError;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::sync::{Mutex, PoisonError};

/// Name of the file.
pub(in crate::spool) const NAME: &str = "lock";

/// Takes the lock, and writes our process id into it for people.
pub(in crate::spool) fn take<D: Disk>(disk: &D) -> Result<D::File, SpoolError> {
    let file = take_file(disk)?;
    let control = disk.path(Place::Control, OsStr::new(""));
    if !disk.lock_dir(Place::Control).map_err(|e| SpoolError::call("lock", &control, e))? {
        return Err(SpoolError::Locked { pid: None, path: control });
    }
    write_pid(disk, &file);
    Ok(file)
}

fn take_file<D: Disk>(disk: &D) -> Result<D::File, SpoolError> {
    let path = disk.path(Place::Root, NAME.as_ref());
    let file = match disk.open(Place::Root, NAME.as_ref(), Access::Write) {
        Err(Errno::NOENT) => disk.create(Place::Root, NAME.as_ref(), LOCK_MODE),
        other => other,
    };
    let file = file.map_err(|e| SpoolError::call("open", &path, e))?;
    if !disk.lock(&file, Lock::Try).map_err(|e| SpoolError::call("lock", &path, e))? {
        return Err(SpoolError::Locked { pid: holder(disk, &file), path });
    }
    Ok(file)
}

/// The number is for people; without it the lock holds as well.
fn write_pid<D: Disk>(disk: &D, file: &D::File) {
    let pid = format!("{}\n", std::process::id());
    let _ = disk.truncate(file, 0).and_then(|()| disk.write_all_at(file, pid.as_bytes(), 0));
}

fn holder<D: Disk>(disk: &D, file: &D::File) -> Option<u32> {
    let mut text = [0; 16];
    let filled = disk.read_full_at(file, &mut text, 0).ok()?;
    std::str::from_utf8(&text[..filled]).ok()?.trim().parse().ok()
}

/// Makes the lock's file anew if it is gone: the lock on `control/` holds meanwhile. The words for people, if it was
/// gone.
pub(in crate::spool) fn keep<D: Disk>(disk: &D, held: &Mutex<D::File>) -> Option<String> {
    let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = disk.facts(&held).ok()?.inode;
    if disk.facts_at(Place::Root, NAME.as_ref()).is_ok_and(|facts| facts.inode == ours) {
        return None;
    }
    Some(match take_file(disk) {
        Ok(file) => {
            write_pid(disk, &file);
            *held = file;
            "it was removed beneath the runner, and is made anew; never remove it: nothing is left behind by a runner \
             that died"
                .to_owned()
        }
        Err(error) => format!("it was removed beneath the runner: {error}"),
    })
}
