//! Edge. The end of the last runner, by its log.

use super::jobs::age;
use crate::config::Config;
use jiff::Timestamp;
use serde::Serialize;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Most bytes of a daily log's end that are read.
const END_BYTES: u64 = 256 * 1024;

/// The reason of a runner that was stopped.
pub(super) const TOLD_TO_STOP: &str = "it was told to stop";

/// The last thing that a runner said of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LastRun {
    /// Its time.
    pub(super) at: Timestamp,
    /// The reason of its end; `None`: that it had begun was its last word.
    pub(super) reason: Option<String>,
    /// `true` if it ended because something could not be done.
    pub(super) failed: bool,
}

impl LastRun {
    /// `true` if it had nothing left to do, or its time was up, as a run of cron.
    pub(super) fn ended_by_itself(&self) -> bool {
        !self.failed && self.reason.as_ref().is_some_and(|reason| *reason != TOLD_TO_STOP)
    }

    /// `the last one ended 3s ago: nothing is left to do`.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let ago = age(self.at, now);
        match (&self.reason, self.failed) {
            (Some(reason), false) => format!("the last one ended {ago} ago: {reason}"),
            (Some(reason), true) => format!("the last one FAILED {ago} ago: {reason}"),
            (None, _) => format!("the last one, begun {ago} ago, was ended or had no room for its last words"),
        }
    }
}

/// The last run on the spool of `config`, as far as the newest daily logs tell.
pub(super) fn last_run(config: &Config) -> Option<LastRun> {
    let directory = config.runner.log_dir.clone().unwrap_or_else(|| config.spool.join("log"));
    let mut files: Vec<PathBuf> = fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| is_daily_log(path));
    files.sort();
    let newest = files.iter().rev().take(2);
    newest.filter_map(|path| end_of(path).ok()).find_map(|text| text.lines().rev().find_map(of_line))
}

fn is_daily_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("hookspool.") && name.ends_with(".log")
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `<time> info event=runner-ended reason="…" …`.
fn of_line(line: &str) -> Option<LastRun> {
    let (at, rest) = line.split_once(' ')?;
    let event = rest.split(' ').find_map(|word| word.strip_prefix("event="))?;
    if !matches!(event, "runner" | "runner-ended" | "runner-failed") {
        return None;
    }
    let reason = rest.split_once("reason=").map(|(_, rest)| value(rest)).filter(|_| event != "runner");
    Some(LastRun { at: at.parse().ok()?, reason, failed: event == "runner-failed" })
}

/// A value of a log line: a word, or a text in quotes.
fn value(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('"') else { return text.split(' ').next().unwrap_or_default().to_owned() };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_run_is_read_from_its_line() {
        let said = |line: &str| of_line(line).map(|run| (run.reason, run.failed));
        let time = "2026-01-31T12:00:00.123Z";
        assert_eq!(
            said(&format!("{time} info event=runner-ended reason=\"its time is up; 2 jobs wait\" failed=0 left=2")),
            Some((Some("its time is up; 2 jobs wait".into()), false))
        );
        assert_eq!(
            said(&format!("{time} error event=runner-failed reason=\"cannot \\\"x\\\": full\"")),
            Some((Some("cannot \"x\": full".into()), true))
        );
        assert_eq!(said(&format!("{time} info event=runner config=/c spool=/s pid=7")), Some((None, false)));
        assert_eq!(said(&format!("{time} info event=started job=x")), None);
        assert_eq!(said("nothing"), None);
    }
}
