//! Edge. Programs that `demo` starts, and the failures of a demonstration.

use crate::cli::exit::{self, Failure};
use crate::system::errno::words;
use std::process::Command;

/// The failure of a demonstration that did not go as it should.
pub(super) fn broken(why: &str) -> Failure {
    Failure::new(exit::NO, format!("the demonstration failed: {why}"))
}

/// Fails unless `held`.
pub(super) fn require(held: bool, otherwise: &str) -> Result<(), Failure> {
    if held { Ok(()) } else { Err(broken(otherwise)) }
}

/// The output of `command`, which must succeed.
pub(super) fn output_of(command: &mut Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        Failure::new(exit::UNAVAILABLE, format!("cannot start `{program}`: {}; is it installed?", words(&error)))
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(broken(&format!("`{program}` ended with {}: {}", output.status, text.trim_end())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
