//! Edge. Lines on standard output: what a person reads, and JSON for programs.

use super::exit::{self, Failure};
use crate::runner::log::escape;
use std::io::{ErrorKind, Write, stdout};

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

/// Prints a value as one line of JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    write(serde_json::to_vec(value).map_err(|error| Failure::new(exit::IO_ERROR, error))?)
}

/// Whoever closed the pipe has seen enough.
fn write(mut line: Vec<u8>) -> Result<(), Failure> {
    line.push(b'\n');
    let mut out = stdout().lock();
    match out.write_all(&line).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::new(0, "")),
        other => other.map_err(|error| Failure::io("cannot print", &error)),
    }
}
