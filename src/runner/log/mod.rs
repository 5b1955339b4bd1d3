//! Edge. A job's log, `log/<id>.log`: what its steps printed, line by line, with a bound.

use std::io;
use std::path::Path;

/// A job's log, open for writing.
#[derive(Debug)]
pub struct JobLog {}

impl JobLog {
    /// Opens or creates the log at `path`. A further attempt goes on behind what is there.
    pub fn open(_path: &Path) -> io::Result<Self> {
        Ok(Self {})
    }

    /// A line of the runner's own.
    pub fn note(&mut self, _text: &str) {}

    /// Writes what is left and cuts the middle out of an overlong log. What cannot be written is lost; the first error
    /// is returned. (Dropping does the same.)
    pub fn finish(self) -> io::Result<()> {
        Ok(())
    }
}
