//! Pure. A door for tests that throw texts at the configuration: no file.

use super::check::check;
use super::report::Report;
use super::settings::Config;
use std::path::PathBuf;

/// What `text` means, or everything that is wrong with it.
pub fn read(text: &str) -> Result<Config, Report> {
    check(text, PathBuf::from("hookspool.toml"))
}
