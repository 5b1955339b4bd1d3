//! Edge. `status`: one screen. Only reads: for everybody who may look into the spool.

mod gather;
mod screen;

use super::exit::Failure;
use super::load::load;
use super::print;
use std::path::Path;
use std::process::ExitCode;

/// Prints how runner, spool and hooks are.
pub(super) fn run(config: Option<&Path>, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let status = gather::gather(&config)?;
    if json {
        print::json(&status)?;
    } else {
        screen::show(&status)?;
    }
    Ok(ExitCode::SUCCESS)
}
