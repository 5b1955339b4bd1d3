//! Pure. Git's standard error as lines for a log: credentials hidden, progress thinned out.

use crate::model::without_credentials;
use std::time::{Duration, Instant};

/// Least time between two lines of progress.
const PROGRESS_PAUSE: Duration = Duration::from_secs(10);
/// Longest line in bytes; what is longer is cut.
const LINE_LIMIT_BYTES: usize = 8 * 1024;

/// Lines of one command, as they come.
#[derive(Debug)]
pub(super) struct Messages {
    partial: Vec<u8>,
    shown_at: Instant,
    has_shown_progress: bool,
}

impl Messages {
    /// Of a command that begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self { partial: Vec::new(), shown_at: now, has_shown_progress: false }
    }

    /// Takes what was printed, and emits the lines that are worth it.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, emit: &mut dyn FnMut(&str)) {
        for &byte in bytes {
            match byte {
                b'\n' => self.end_line(emit),
                b'\r' => self.end_progress(now, emit),
                _ if self.partial.len() < LINE_LIMIT_BYTES => self.partial.push(byte),
                _ => {}
            }
        }
    }

    /// Emits what has no line end.
    pub(super) fn finish(&mut self, emit: &mut dyn FnMut(&str)) {
        if !self.partial.is_empty() {
            self.end_line(emit);
        }
    }

    fn end_line(&mut self, emit: &mut dyn FnMut(&str)) {
        let line = self.take();
        // "From <url>" and the table of refs below it say what the runner says better.
        let is_report = ["From ", " ", "remote: Total "].iter().any(|begin| line.starts_with(begin));
        let is_progress = line.trim_end().ends_with(", done.");
        if !line.trim().is_empty() && !is_report && (!is_progress || self.has_shown_progress) {
            emit(&line);
        }
    }

    fn end_progress(&mut self, now: Instant, emit: &mut dyn FnMut(&str)) {
        let line = self.take();
        if now.saturating_duration_since(self.shown_at) >= PROGRESS_PAUSE && !line.is_empty() {
            (self.shown_at, self.has_shown_progress) = (now, true);
            emit(line.trim_end());
        }
    }

    fn take(&mut self) -> String {
        without_credentials(&String::from_utf8_lossy(&std::mem::take(&mut self.partial)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parts: &[(u64, &str)]) -> Vec<String> {
        let begin = Instant::now();
        let (mut messages, mut shown) = (Messages::new(begin), Vec::new());
        for (seconds, text) in parts {
            let now = begin + Duration::from_secs(*seconds);
            messages.feed(text.as_bytes(), now, &mut |line| shown.push(line.to_owned()));
        }
        messages.finish(&mut |line| shown.push(line.to_owned()));
        shown
    }

    #[test]
    fn a_quick_command_shows_its_messages_only() {
        let said = "remote: Counting: 50%\rremote: Counting: 100%, done.\nremote: Total 3\n\
                    From /x\n   aa..bb main -> o/main\nwarning: w\n";
        assert_eq!(shown(&[(0, said), (1, "fatal: "), (1, "https://t@h")]), ["warning: w", "fatal: https://h"]);
    }

    #[test]
    fn a_slow_one_shows_how_far_it_is() {
        let parts = [(9, "Receiving: 1%\r"), (10, "Receiving: 2%\r"), (11, "Receiving: 3%\r"), (25, "Receiving: 9%\r")];
        let end = [(26, "Receiving: 100%, done.\n")];
        let expected = ["Receiving: 2%", "Receiving: 9%", "Receiving: 100%, done."];
        assert_eq!(shown(&[&parts[..], &end].concat()), expected);
    }
}
