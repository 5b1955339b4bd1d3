//! Edge. `status`: one screen. Only reads: for everybody who may look into the spool.

mod gather;
mod live_screen;
mod screen;
mod watch;

use super::args::StatusArgs;
use super::exit::{self, Failure};
use super::load::load;
use super::print;
use jiff::Timestamp;
use std::io::{Write, stderr};
use std::path::Path;
use std::process::ExitCode;

/// Prints how runner, spool and hooks are. Exit 1 when somebody should look.
pub(super) fn run(config: Option<&Path>, args: &StatusArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    if args.watch && live_screen::is_possible() {
        return watch::run(&config);
    }
    if args.watch {
        let _not_needed = writeln!(stderr(), "hookspool: --watch needs a terminal; this is how it is now");
    }
    let status = gather::gather(&config)?;
    let now = Timestamp::now();
    if args.json {
        print::json(&status)?;
    } else {
        print::lines(&screen::lines(&status, now))?;
    }
    Ok(ExitCode::from(if status.is_alarming(now) { exit::NO } else { 0 }))
}
