//! Edge. The lines that `demo` prints.

use crate::cli::print;

/// Prints a line. A reader who has gone does not end the demonstration: its result is the exit code.
pub(super) fn tell(line: &str) {
    let _ = print::line(line);
}

/// Prints the heading of the next part.
pub(super) fn say(text: &str) {
    tell(&format!("==> {text}"));
}

/// Prints the output of a program, indented.
pub(super) fn quote(text: &str) {
    for line in text.trim_end().lines() {
        tell(&format!("    {line}"));
    }
}
