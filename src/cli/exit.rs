//! Edge. How a verb ends: an exit code, and one line on standard error.

use crate::system::errno::words;
use crate::system::outlet;
use std::fmt::Display;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

pub(super) use crate::model::exit_code::{
    CANNOT_CREATE, CONFIGURATION, IO_ERROR, NO, NO_PERMISSION, TRY_AGAIN, UNAVAILABLE, USAGE,
};

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
