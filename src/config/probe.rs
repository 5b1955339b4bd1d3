//! Pure. A door for tests that throw texts at the configuration: no file.

use super::check::check;
use super::report::Report;
use super::settings::Config;
use std::path::PathBuf;

/// The configuration in `text`, or all its problems.
pub fn read(text: &str) -> Result<Config, Report> {
    check(text, PathBuf::from("hookspool.toml"))
}
