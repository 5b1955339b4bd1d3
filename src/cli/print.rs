//! Edge. Lines on standard output: what a person reads, and JSON for programs.

use super::exit::{self, Failure};
use super::table::{self, Screen};
use crate::runner::log::escape;
use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::os::fd::AsFd;
use std::process::ExitCode;

/// Prints a line for people. Names, refs and reasons come from deliveries and from files that others may write: what
/// could act on a terminal is escaped.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    write(harmless(text).into_bytes())
}

/// `text` as `line` prints it: for columns, whose width depends on it.
pub(super) fn harmless(text: &str) -> String {
    let mut escaped = Vec::with_capacity(text.len());
    escape(text.as_bytes(), &mut escaped);
    String::from_utf8_lossy(&escaped).into_owned()
}

/// `1 job`, `2 jobs`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `512 B`, `4.5 KiB`, `1.2 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let exponent = bytes.ilog2() / 10;
    let unit = UNITS[exponent as usize - 1];
    let tenths = (u128::from(bytes) * 10) >> (10 * exponent);
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// Prints a value as one line of JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    write(serde_json::to_vec(value).map_err(|error| Failure::new(exit::IO_ERROR, error))?)
}

/// Prints rows under headings, each column as wide as it must be, and all of it as wide as the terminal.
pub(super) fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    lines(&table_lines(headings, rows))
}

/// The same as lines.
pub(super) fn table_lines(headings: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| harmless(cell)).collect()).collect();
    table::lines(headings, &rows, screen())
}

/// Prints `label`, in its colour, and `text` behind it.
pub(super) fn labelled(label: &str, text: &str) -> Result<(), Failure> {
    lines(&[labelled_text(label, text)])
}

/// The same as a line.
pub(super) fn labelled_text(label: &str, text: &str) -> String {
    let padding = " ".repeat(LABEL_WIDTH.saturating_sub(label.len()));
    format!("{}{padding} {}", painted(label), harmless(text))
}

/// The line of `before`, `word` in its colour, and `rest`.
pub(super) fn worded_text(before: &str, word: &str, rest: &str) -> String {
    format!("{before}{}{}", painted(word), harmless(rest))
}

fn painted(word: &str) -> String {
    table::painted(word, table::style(word).filter(|_| screen().colour))
}

/// Prints lines that are made already.
pub(super) fn lines(lines: &[String]) -> Result<(), Failure> {
    lines.iter().try_for_each(|line| write(line.clone().into_bytes()))
}

/// The terminal on standard output, if it is one. `NO_COLOR` (no-color.org) and a dumb terminal turn colour off.
fn screen() -> Screen {
    let out = stdout();
    if !out.is_terminal() {
        return Screen::default();
    }
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Screen { columns: columns_of(&out), colour: !is_set("NO_COLOR") && !is_dumb }
}

/// `text` as `line` prints it, in no more columns than the terminal has.
pub(super) fn cut_to_terminal(text: &str, terminal: impl AsFd) -> String {
    let columns = columns_of(terminal).unwrap_or(usize::MAX);
    table::cut(&harmless(text), columns)
}

/// Lines that the terminal on standard output has room for.
pub(super) fn rows_of_terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stdout()).ok()?;
    Some(usize::from(size.ws_row)).filter(|&height| height > 0)
}

fn columns_of(terminal: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|&width| width > 0)
}

/// Columns of a label.
const LABEL_WIDTH: usize = 8;

/// Prints bytes as they are, and ends well.
pub(super) fn raw(bytes: &[u8]) -> Result<ExitCode, Failure> {
    write_all(bytes).map(|()| ExitCode::SUCCESS)
}

fn write(mut line: Vec<u8>) -> Result<(), Failure> {
    line.push(b'\n');
    write_all(&line)
}

/// Writes to standard output. A closed pipe ends the verb without an error.
fn write_all(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::new(0, "")),
        other => other.map_err(|error| Failure::io("cannot print", &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_has_one_unit_and_one_digit_after_the_point() {
        let sizes = [0, 1023, 1024, 1536, 1024 * 1024 - 1, 5 << 30, u64::MAX].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1023.9 KiB", "5.0 GiB", "15.9 EiB"]);
    }
}
