//! Pure. The reason why something could not be done with a release.

use crate::system::errno::{is_shortage, words};
use std::io;
use std::path::Path;

/// The reason, in words, with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ReleaseFault {
    text: String,
    is_passing: bool,
}

impl ReleaseFault {
    /// It cannot be done.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_passing: false }
    }

    /// A call failed; a full disk may be emptied.
    pub fn call(verb: &str, path: &Path, error: &io::Error) -> Self {
        let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let remedy = if is_full { "; free space or inodes there (`df`, `df -i`)" } else { "" };
        let text = format!("cannot {verb} `{}`: {}{remedy}", path.display(), words(error));
        Self { text, is_passing: is_shortage(error) }
    }

    /// `true` if it may pass by itself.
    pub fn is_passing(&self) -> bool {
        self.is_passing
    }
}
