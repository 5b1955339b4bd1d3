//! Edge. How a verb ends: exit codes of sysexits.h, and one line on standard error.

use crate::system::errno::words;
use crate::system::outlet;
use std::fmt::Display;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

/// The answer is no: a job failed, a check found problems.
pub(super) const NO: u8 = 1;
/// Wrong usage.
pub(super) const USAGE: u8 = 2;
/// Something that is needed is not there.
pub(super) const UNAVAILABLE: u8 = 69;
/// Cannot create.
pub(super) const CANNOT_CREATE: u8 = 73;
/// Input or output failed.
pub(super) const IO_ERROR: u8 = 74;
/// Try again later.
pub(super) const TRY_AGAIN: u8 = 75;
/// No permission.
pub(super) const NO_PERMISSION: u8 = 77;
/// Configuration.
pub(super) const CONFIGURATION: u8 = 78;

/// The reason that a verb fails.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) text: String,
}

impl Failure {
    pub(super) fn new(code: u8, text: impl Display) -> Self {
        Self { code, text: text.to_string() }
    }

    /// A verb could not read or write.
    pub(super) fn io(what: impl Display, error: &std::io::Error) -> Self {
        let code = match error.kind() {
            std::io::ErrorKind::PermissionDenied => NO_PERMISSION,
            _ => IO_ERROR,
        };
        Self::new(code, format!("{what}: {}", words(error)))
    }
}

/// The process's exit code; a failure's text goes to standard error.
pub(super) fn report(result: Result<ExitCode, Failure>) -> ExitCode {
    result.unwrap_or_else(|failure| {
        if !failure.text.is_empty() {
            let line = format!("hookspool: {}\n", failure.text.trim_end());
            outlet::say(std::io::stderr().as_fd(), line.as_bytes(), Duration::from_secs(1));
        }
        ExitCode::from(failure.code)
    })
}
