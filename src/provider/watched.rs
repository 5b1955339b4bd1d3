//! Pure. A stored body that is read again: an error of the store is not an error of the document.

use super::Denied;
use super::malformed::{Malformed, Unreadable};
use crate::system::errno::words;
use std::io::{self, Read};

/// Remembers whether reading failed, which a parser on top can only report as one more kind of syntax error.
pub(super) struct Watched<'a> {
    body: &'a mut dyn Read,
    failed: Option<io::Error>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(body: &'a mut dyn Read) -> Self {
        Self { body, failed: None }
    }

    /// `result`, unless reading failed.
    pub(super) fn or_io<T>(self, result: Result<T, Denied>) -> Result<T, Denied> {
        self.failed.map_or(result, |error| Err(Denied::Io(words(&error))))
    }
}

/// What `read` makes of a stored `body`, unless that cannot be read.
pub fn again<T>(
    body: &mut dyn Read,
    read: impl FnOnce(&mut dyn Read) -> Result<T, Malformed>,
) -> Result<T, Unreadable> {
    let mut watched = Watched::new(body);
    let result = read(&mut watched).map_err(Unreadable::Malformed);
    watched.failed.map_or(result, |error| Err(Unreadable::Io(words(&error))))
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer);
        match read {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                let (kind, text) = (error.kind(), error.to_string());
                self.failed = Some(error);
                Err(io::Error::new(kind, text))
            }
            other => other,
        }
    }
}
