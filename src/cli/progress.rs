//! Edge. Progress of long work, on a terminal.

use super::print;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Between two lines.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// A line on standard error that is written over, where that is a terminal; nothing elsewhere.
pub(super) struct Progress {
    noun: &'static str,
    done: usize,
    of: usize,
    next: Instant,
    is_shown: bool,
}

impl Progress {
    /// None of `of` is done. Work that ends soon shows nothing.
    pub(super) fn of(noun: &'static str, of: usize) -> Self {
        Self { noun, done: 0, of, next: Instant::now() + REDRAW_INTERVAL, is_shown: false }
    }

    /// So many more are done.
    pub(super) fn advance(&mut self, by: usize) {
        self.done += by;
        if Instant::now() >= self.next && stderr().is_terminal() {
            self.next = Instant::now() + REDRAW_INTERVAL;
            self.is_shown = true;
            // Whoever cannot see it does not miss it.
            let _ = write!(stderr(), "\r{} of {} {}\x1b[K", self.done, self.of, self.noun);
        }
    }
}

/// A line on standard error that tells what is waited for, where that is a terminal; nothing elsewhere.
#[derive(Default)]
pub(super) struct LiveLine {
    is_shown: bool,
}

impl LiveLine {
    /// `true` if anybody can see it.
    pub(super) fn is_seen() -> bool {
        stderr().is_terminal()
    }

    /// Shows `text` in the place of what was there, cut to the terminal.
    pub(super) fn show(&mut self, text: &str) {
        if Self::is_seen() {
            self.is_shown = true;
            let _ = write!(stderr(), "\r{}\x1b[K", print::cut_to_terminal(text, stderr()));
        }
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_shown) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
