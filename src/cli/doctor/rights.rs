//! Edge. Owner, group and mode of a file, and what is to be said of them.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Owner, group and mode of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Permission bits, with setuid, setgid and sticky.
    pub(super) mode: u32,
}

impl Rights {
    /// Those of `path`, after links.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::in_metadata(&metadata))
    }

    pub(super) fn in_metadata(metadata: &Metadata) -> Self {
        Self { uid: metadata.uid(), gid: metadata.gid(), mode: metadata.mode() & 0o7777 }
    }
}
