//! Edge. `page`: the page for people, written once.

mod trouble;

pub(super) use trouble::{page_troubles, written_at_s};

use super::control::become_owner;
use super::exit::{self, Failure};
use super::jobs::unreadable;
use super::load::load;
use super::print;
use crate::runner::page::{PageError, write_once};
use std::path::Path;
use std::process::ExitCode;

/// Writes the page, and says where it is.
pub(super) fn run(config: Option<&Path>) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let Some(page) = &config.page else {
        let text = "there is no `[page]` in the configuration; add one with `dir`, as hookspool.toml(5) has it";
        return Err(Failure::new(exit::CONFIGURATION, text));
    };
    become_owner(&config.spool)?;
    write_once(&config).map_err(|error| match error {
        PageError::Misplaced(_) | PageError::Refused(_) => Failure::new(exit::CANNOT_CREATE, error),
        PageError::Disk { ref cause, .. } => Failure { text: error.to_string(), ..Failure::io("", cause) },
        PageError::Spool(error) => unreadable(error),
    })?;
    print::line(&format!("{}", page.dir.join("index.html").display()))?;
    Ok(ExitCode::SUCCESS)
}
