//! Edge. `man` and `completions`: pages and scripts out of the same tables that the program goes by.

mod behaviour;
mod commands;
mod completion;
mod configuration;
mod confined;
mod json;
mod public_page;
mod roff;
mod sandbox;
mod telling;

use super::args::{Cli, Page};
use super::exit::Failure;
use super::print;
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints a page: `hookspool man | man -l -`.
pub(super) fn page(page: Page) -> Result<ExitCode, Failure> {
    let text = match page {
        Page::Commands => commands::page(Cli::command()),
        Page::Configuration => configuration::page(),
        Page::Json => json::page(),
    };
    print::raw(text.as_bytes())
}

/// Prints a script for a shell.
pub(super) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    print::raw(completion::script(shell, &mut Cli::command()).as_bytes())
}
