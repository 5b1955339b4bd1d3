//! Edge. `status`: one screen. Only reads: for everybody who may look into the spool.

mod gather;
mod screen;

use super::exit::{self, Failure};
use super::load::load;
use super::print;
use jiff::Timestamp;
use std::path::Path;
use std::process::ExitCode;

/// Prints how runner, spool and hooks are. Exit 1 when somebody should look.
pub(super) fn run(config: Option<&Path>, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let status = gather::gather(&config)?;
    if json {
        print::json(&status)?;
    } else {
        screen::show(&status)?;
    }
    Ok(ExitCode::from(if status.is_alarming(Timestamp::now()) { exit::NO } else { 0 }))
}
