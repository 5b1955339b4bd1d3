//! Edge. A job's log, `log/<id>.log`: what its steps printed, line by line, with a bound.
//!
//! ```text
//! 2026-11-22T07:34:00.123Z job step 1 of 2: pnpm build
//! 2026-11-22T07:34:00.480Z out a line of standard output
//! 2026-11-22T07:34:00.481Z err a line of standard error
//! 2026-11-22T07:34:00.481Z err+the rest of a line that is longer than 8 KiB
//! ```
//!
//! The first and the last mebibyte are kept. What could act on a terminal is escaped. A log that cannot be written (a
//! full disk) ends no job.

mod end;
mod file;
mod follow;
mod lines;
mod running_step;
#[cfg(test)]
mod tests;

pub use crate::model::escape;
pub use end::end_of;
pub use file::LogLimits;
pub use follow::{Follower, News};
pub use running_step::{LastOutput, RunningStep, running_step};

use file::BoundedFile;
use jiff::Timestamp;
use lines::Lines;
use std::io;
use std::path::Path;

/// Whose line it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The step's standard output.
    Out,
    /// The step's standard error.
    Err,
}

/// A job's log, open for writing.
#[derive(Debug)]
pub struct JobLog {
    file: BoundedFile,
    out: Lines,
    err: Lines,
    text: Vec<u8>,
    failure: Option<io::Error>,
}

impl JobLog {
    /// Opens or creates the log at `path`. A further attempt goes on behind what is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, LogLimits::default())
    }

    /// The same with other limits.
    pub fn open_with(path: &Path, limits: LogLimits) -> io::Result<Self> {
        let file = BoundedFile::open(path, limits)?;
        Ok(Self { file, out: Lines::default(), err: Lines::default(), text: Vec::new(), failure: None })
    }

    /// A line of the runner's own.
    pub fn note(&mut self, text: &str) {
        let stamp = stamp();
        for line in text.lines() {
            write_line(&mut self.text, &stamp, "job ", line.as_bytes());
        }
        self.flush();
    }

    /// Writes output of a step, in whatever parts it came.
    pub fn print(&mut self, source: Source, bytes: &[u8]) {
        let Self { out, err, text, .. } = self;
        let stamp = stamp();
        let (lines, tags) = if source == Source::Out { (out, OUT) } else { (err, ERR) };
        lines.feed(bytes, &mut |line, continued| write_line(text, &stamp, tags[usize::from(continued)], line));
        self.flush();
    }

    /// Ends lines that the step left without an end.
    pub fn end_lines(&mut self) {
        let Self { out, err, text, .. } = self;
        let stamp = stamp();
        for (lines, tags) in [(out, OUT), (err, ERR)] {
            lines.finish(&mut |line, continued| write_line(text, &stamp, tags[usize::from(continued)], line));
        }
        self.flush();
    }

    /// Writes what is left and cuts an overlong log to its limits. What cannot be written is lost; the first error is
    /// returned. (Dropping does the same, silently.)
    #[allow(dead_code, reason = "the tests want the first error")]
    pub fn finish(mut self) -> io::Result<()> {
        self.close();
        self.failure.take().map_or(Ok(()), Err)
    }

    fn close(&mut self) {
        self.end_lines();
        let result = self.file.finish();
        self.keep_first_failure(result);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let result = self.file.append(&self.text);
            self.keep_first_failure(result);
            self.text.clear();
        }
    }

    fn keep_first_failure(&mut self, result: io::Result<()>) {
        if let (Err(error), None) = (result, &self.failure) {
            self.failure = Some(error);
        }
    }
}

impl Drop for JobLog {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tags of a line and of its continuation.
const OUT: [&str; 2] = ["out ", "out+"];
const ERR: [&str; 2] = ["err ", "err+"];

fn stamp() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ ").to_string()
}

fn write_line(text: &mut Vec<u8>, stamp: &str, tag: &str, line: &[u8]) {
    text.extend_from_slice(stamp.as_bytes());
    text.extend_from_slice(tag.as_bytes());
    escape(line, text);
    text.push(b'\n');
}
