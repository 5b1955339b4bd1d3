//! Edge. A line of an account's crontab.

use super::GoalState;
use super::command;
use super::write::{FileRights, put};
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::Run;
use crate::cli::init::owner::Owner;
use crate::cli::init::tool;
use crate::system::users;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

pub(super) fn state(line: &str) -> Result<GoalState, Failure> {
    let present = present()?;
    if present.lines().any(|other| other == line) {
        return Ok(GoalState::good());
    }
    let is_ours =
        |other: &str| !other.starts_with('#') && other.contains("hookspool") && other.contains("spool-runner");
    if present.lines().any(is_ours) {
        return Ok(GoalState::AsIs("there is another line for it, which was left".to_owned()));
    }
    Ok(GoalState::ToDo)
}

pub(super) fn add(line: &str, _: &Owner) -> Result<(), Failure> {
    let home = users::current().map(|user| PathBuf::from(user.home)).unwrap_or_default();
    let file = home.join(".local/state/hookspool/crontab");
    let text = present()?;
    let unable = |error| Failure::create(format!("cannot write `{}`", file.display()), &error);
    let write = |to: &mut fs::File| to.write_all(format!("{text}{line}\n").as_bytes());
    put(&file, FileRights { mode: 0o600, ids: None }, true, write).map_err(unable)?;
    let installed = command::run(&Run::new(&["crontab", &file.to_string_lossy()]));
    let _is_gone = fs::remove_file(&file);
    installed
}

/// The account's crontab; empty where it has none.
fn present() -> Result<String, Failure> {
    let missing = || {
        let why = "there is no `crontab` here: add a job to the host's panel that runs each minute";
        Failure::new(exit::UNAVAILABLE, format!("{why}: hookspool spool-runner --once --max-runtime 50s"))
    };
    let said = tool::ask(&Run::new(&["crontab", "-l"])).ok_or_else(missing)?;
    if said.is_good() {
        return Ok(said.out);
    }
    let has_none = said.err.contains("no crontab for");
    if has_none {
        Ok(String::new())
    } else {
        Err(Failure::new(exit::NO_PERMISSION, format!("crontab -l: {}", said.err.trim())))
    }
}
