//! Edge. The end of a verb: an exit code, and one line on standard error.

use super::args::Cli;
use crate::intake::Unconfined;
use crate::system::errno::words;
use crate::system::outlet;
use clap::Parser;
use std::fmt::Display;
use std::io::{Error, ErrorKind, IsTerminal};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

pub(super) use crate::model::exit_code::{
    CANNOT_CREATE, CONFIGURATION, INTERNAL, IO_ERROR, NO, NO_PERMISSION, TRY_AGAIN, UNAVAILABLE, USAGE,
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
    pub(super) fn io(what: impl Display, error: &Error) -> Self {
        let code = if error.kind() == ErrorKind::PermissionDenied { NO_PERMISSION } else { IO_ERROR };
        Self::new(code, format!("{what}: {}", words(error)))
    }

    /// `sandbox = "require"` cannot be kept.
    pub(super) fn unconfined(error: &Unconfined) -> Self {
        let code = if matches!(error, Unconfined::NoSpool(_)) { TRY_AGAIN } else { UNAVAILABLE };
        Self::new(code, format!("no sandbox, which `sandbox = \"require\"` asks for: {error}"))
    }

    /// The process cannot be told by signals what to do.
    pub(super) fn cannot_watch(error: &Error) -> Self {
        Self::io("cannot watch for signals", error)
    }

    /// A verb could not create a file or directory.
    pub(super) fn create(what: impl Display, error: &Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::io(what, error),
            _ => Self { code: CANNOT_CREATE, ..Self::io(what, error) },
        }
    }
}

/// The command line. What is wrong with it is said like every error: a standard error that nobody reads holds up
/// nothing.
pub(super) fn command_line() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        let is_help = !error.use_stderr();
        if is_help || std::io::stderr().is_terminal() {
            error.exit();
        }
        outlet::say(std::io::stderr().as_fd(), error.render().to_string().as_bytes(), Duration::from_secs(1));
        std::process::exit(error.exit_code())
    })
}

/// The result of `work`; a panic, which has been reported, becomes the code of an internal fault.
pub(super) fn guard(work: impl FnOnce() -> ExitCode) -> ExitCode {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| ExitCode::from(INTERNAL))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_has_one_code_whatever_was_done() {
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let codes = [Failure::io("x", &kind.into()).code, Failure::create("x", &kind.into()).code];
            assert_eq!(codes, [74, 74], "{kind}");
        }
        assert_eq!(Failure::create("x", &ErrorKind::PermissionDenied.into()).code, 77);
        assert_eq!(Failure::create("x", &ErrorKind::NotADirectory.into()).code, 73);
    }

    #[test]
    fn a_panic_is_a_fault_of_this_program() {
        let code = |exit: ExitCode| format!("{exit:?}");
        assert_eq!(code(guard(|| panic!("seen on standard error"))), code(ExitCode::from(70)));
        assert_eq!(code(guard(|| ExitCode::from(3))), code(ExitCode::from(3)));
    }
}
