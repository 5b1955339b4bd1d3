//! Edge. Files that are there in whole or not at all.

use crate::system::random::random_bytes;
use crate::system::rename::rename_to_new;
use rustix::fs::{Gid, Mode, OFlags, Uid, fchown};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Mode, and owner where it is not whoever writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileRights {
    pub(super) mode: u32,
    pub(super) ids: Option<(u32, u32)>,
}

impl FileRights {
    /// Those of a file that is there.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self { mode: found.mode() & 0o7777, ids: Some((found.uid(), found.gid())) })
    }

    pub(super) fn give(self, file: &File) -> io::Result<()> {
        if let Some((uid, gid)) = self.ids {
            fchown(file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        // Behind the owner, whose change clears the set-id bits.
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// Puts what `write` puts into it at `path`, flushed. Unless `replaces`, nothing may be there.
pub(super) fn put(
    path: &Path,
    rights: FileRights,
    replaces: bool,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let dir = File::from(rustix::fs::open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?);
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}", hex::encode(random_bytes::<8>()?)));
    let temporary = parent.join(temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let moved = || {
        if replaces {
            return fs::rename(&temporary, path);
        }
        rename_to_new((dir.as_fd(), &temporary), (dir.as_fd(), path)).map_err(io::Error::from)
    };
    let put = write(&mut file).and_then(|()| rights.give(&file)).and_then(|()| file.sync_all()).and_then(|()| moved());
    if put.is_err() {
        let _is_gone_already = fs::remove_file(&temporary);
    }
    put.and_then(|()| dir.sync_all())
}
