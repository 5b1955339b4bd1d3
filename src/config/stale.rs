//! Edge. Whether a process goes by a configuration that has changed since.

use super::settings::Config;
use jiff::Timestamp;
use std::fs;

impl Config {
    /// The remedy if the file has changed since this process, which goes on, read it.
    pub fn stale(&self) -> Option<String> {
        let changed = fs::metadata(&self.file).and_then(|metadata| metadata.modified()).ok()?;
        let is_newer = Timestamp::try_from(changed).is_ok_and(|changed| changed > self.read_at);
        let (pid, file, read_at) = (std::process::id(), self.file.display(), self.read_at);
        is_newer.then(|| {
            format!(
                "process {pid} read {file} at {read_at:.0}, and it has changed since: `kill -HUP {pid}` reads it anew"
            )
        })
    }
}
