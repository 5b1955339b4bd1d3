//! Pure. The reasons for which the page is not written.

use crate::spool::SpoolError;
use crate::system::errno::words;
use std::io;
use std::path::PathBuf;

/// The directory cannot be one of a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {repair}")]
pub struct Misplaced {
    /// The directory, and its fault.
    pub what: String,
    /// Its remedy.
    pub repair: &'static str,
}

impl Misplaced {
    pub(super) fn new(what: String, repair: &'static str) -> Self {
        Self { what, repair }
    }
}

/// The page is not written, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The directory cannot be one of a page.
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    /// Something in it is in the way, or missing.
    #[error("{0}")]
    Refused(String),
    /// Something in it.
    #[error("cannot {what} `{}`: {}", path.display(), words(cause))]
    Disk {
        /// The call.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The spool.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}
