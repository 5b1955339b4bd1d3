//! Pure. A stored body that is read again: an error of the store is not an error of the document.

use crate::provider::malformed::{Malformed, Unreadable};
use crate::system::errno::words;
use std::io::{self, Read};

/// A stored body that remembers whether reading it failed, which a parser on top can only report as one more kind of
/// syntax error.
pub(crate) struct StoredBody<'a> {
    body: &'a mut dyn Read,
    failed: Option<io::Error>,
}

impl<'a> StoredBody<'a> {
    /// `body`, which nobody has read from yet.
    pub(crate) fn new(body: &'a mut dyn Read) -> Self {
        Self { body, failed: None }
    }

    /// The reason that reading failed, if it did.
    pub(crate) fn failure(self) -> Option<String> {
        self.failed.map(|error| words(&error))
    }
}

/// The value that `read` makes of a stored `body`, unless that cannot be read.
pub fn again<T>(
    body: &mut dyn Read,
    read: impl FnOnce(&mut dyn Read) -> Result<T, Malformed>,
) -> Result<T, Unreadable> {
    let mut stored = StoredBody::new(body);
    let result = read(&mut stored).map_err(Unreadable::Malformed);
    stored.failure().map_or(result, |error| Err(Unreadable::Io(error)))
}

impl Read for StoredBody<'_> {
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
