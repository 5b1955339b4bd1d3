//! Edge. The lock of a place: a file of its own, since whoever may read a directory may lock that, and keep it.

use super::copy::trouble;
use super::place::PublishTarget;
use crate::runner::steps::attempt::Trouble;
use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// The lock, which ends with its holder.
pub(super) struct PublishLock {
    _file: File,
}

impl PublishTarget {
    /// The lock, unless somebody has it who publishes there, or goes back.
    pub(super) fn try_lock(&self) -> Result<Option<PublishLock>, Trouble> {
        let path = self.beside("lock");
        let file = open(&path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(PublishLock { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(trouble("lock", &path, &errno.into())),
        }
    }
}

/// Opens the file, or makes it. One that others can open is none: they could keep it locked.
fn open(path: &Path) -> Result<File, Trouble> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let opened = File::options().read(true).write(true).create(true).mode(0o600).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => Trouble::refused(format!("`{}` is a symbolic link; remove it", path.display())),
        _ => trouble("open", path, &error),
    })?;
    let facts = file.metadata().map_err(|error| trouble("look at", path, &error))?;
    if !facts.is_file() || facts.uid() != geteuid().as_raw() || facts.mode() & 0o077 != 0 {
        let text = format!("`{}` is not this user's own file, with mode 600; remove it", path.display());
        return Err(Trouble::refused(text));
    }
    Ok(file)
}
