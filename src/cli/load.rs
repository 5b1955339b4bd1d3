//! Edge. The configuration of a verb.

use super::exit::{self, Failure};
use crate::config::{self, Config};
use std::path::Path;

/// The configuration in `file`, or where it is looked for without one.
pub(super) fn load(file: Option<&Path>) -> Result<Config, Failure> {
    let file = config::find(file).map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    config::load(&file).map_err(|error| Failure::new(exit::CONFIGURATION, error))
}
