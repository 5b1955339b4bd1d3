//! Edge. The runner's log on disk: a file a day, so many days of it, and each file bounded: a loop of errors must not
//! take the room that jobs need.

use jiff::Timestamp;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tracing_appender::rolling::{InitError, RollingFileAppender, Rotation};

/// Daily files that are kept.
const KEPT_FILES: usize = 30;
/// Longest file. What comes later that day is not in it.
const LIMIT_BYTES: u64 = 32 * 1024 * 1024;

/// `hookspool.<date>.log`, by days of UTC.
#[derive(Debug)]
pub(super) struct DailyLog {
    directory: PathBuf,
    file: RollingFileAppender,
    day: String,
    /// Bytes written that day, by the runners before as well.
    bytes: u64,
    limit_bytes: u64,
}

/// The system's answer, where there is one.
fn cause(error: &InitError) -> io::Error {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    let errno = source.and_then(io::Error::raw_os_error);
    errno.map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error)
}

impl DailyLog {
    /// In `directory`, which is made if it is not there.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        Self::with_limit(directory, LIMIT_BYTES)
    }

    /// Goes on in a file of the day's name, whatever became of the one until now. That one is kept where this fails.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::with_limit(&self.directory, self.limit_bytes)?;
        Ok(())
    }

    fn with_limit(directory: &Path, limit_bytes: u64) -> io::Result<Self> {
        let day = today();
        let written = fs::metadata(directory.join(format!("hookspool.{day}.log"))).map(|metadata| metadata.len());
        let builder = RollingFileAppender::builder().rotation(Rotation::DAILY).max_log_files(KEPT_FILES);
        let file = builder.filename_prefix("hookspool").filename_suffix("log").build(directory);
        let file = file.map_err(|error| cause(&error))?;
        Ok(Self { directory: directory.to_owned(), file, day, bytes: written.unwrap_or(0), limit_bytes })
    }
}

impl Write for DailyLog {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let day = today();
        if day != self.day {
            (self.day, self.bytes) = (day, 0);
        }
        let was_full = self.bytes > self.limit_bytes;
        self.bytes += line.len() as u64;
        if self.bytes <= self.limit_bytes {
            self.file.write_all(line)?;
        } else if !was_full {
            let limit_bytes = self.limit_bytes;
            let now = Timestamp::now();
            writeln!(self.file, "{now:.3} warn event=log-full limit_bytes={limit_bytes} rest=\"on standard error\"")?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn today() -> String {
    Timestamp::now().strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_log_ends_at_its_limit_and_says_so_once_whoever_writes_it() {
        let directory = tempfile::tempdir().unwrap();
        let line = |log: &mut DailyLog, text: &str| log.write_all(format!("{text}\n").as_bytes()).unwrap();
        let mut first = DailyLog::with_limit(directory.path(), 12).unwrap();
        line(&mut first, "one");
        let mut second = DailyLog::with_limit(directory.path(), 12).unwrap();
        for text in ["two", "four", "five", "six"] {
            line(&mut second, text);
        }
        line(&mut DailyLog::with_limit(directory.path(), 12).unwrap(), "seven");
        let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let text = fs::read_to_string(&files[0]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((files.len(), &lines[..2], lines.len()), (1, &["one", "two"][..], 3), "{text}");
        assert!(lines[2].ends_with(" warn event=log-full limit_bytes=12 rest=\"on standard error\""), "{text}");
        // Moved away.
        fs::rename(&files[0], directory.path().join("old")).unwrap();
        second.reopen().unwrap();
        line(&mut second, "new");
        assert_eq!(fs::read_to_string(&files[0]).unwrap(), "new\n");
        // Another day.
        second.day = "2026-01-01".to_owned();
        line(&mut second, "eight");
        assert!(fs::read_to_string(&files[0]).unwrap().ends_with("\neight\n"));
    }
}
