//! Edge. Processes that go by a configuration that has changed since.

use super::settings::{Config, FileVersion};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;

impl FileVersion {
    /// The version of a file with this metadata.
    pub(super) fn of(found: &Metadata) -> Self {
        Self { inode: found.ino(), length_bytes: found.len(), changed_at: (found.mtime(), found.mtime_nsec()) }
    }
}

impl Config {
    /// The remedy if the file has changed since this process, which goes on, read it.
    pub fn stale(&self) -> Option<String> {
        let is_other = fs::metadata(&self.file).is_ok_and(|found| FileVersion::of(&found) != self.version);
        let (pid, file, read_at) = (std::process::id(), self.file.display(), self.read_at);
        is_other.then(|| {
            format!(
                "process {pid} read {file} at {read_at:.0}, and it has changed since: `kill -HUP {pid}` reads it anew"
            )
        })
    }
}
