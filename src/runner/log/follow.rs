//! Edge. Reads a job's log while it is written.

use super::file::{LogLimits, MARK_BYTES, head_end, left_out};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Most bytes that one look returns.
const CHUNK_BYTES: usize = 64 * 1024;
/// Number of times that a look is repeated which the writer's cut disturbed.
const TRIES: usize = 100;

/// A reader that goes on where it was, also when the writer has cut the middle out meanwhile.
#[derive(Debug)]
pub struct Follower {
    file: File,
    limits: LogLimits,
    /// Bytes of the uncut log that were read or passed over.
    position: u64,
}

/// Findings of one look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    /// Bytes that were left out before `bytes`, since the last look or by this reader's coming late.
    pub left_out: u64,
    /// The bytes that came next; empty when there is nothing new.
    pub bytes: Vec<u8>,
}

impl Follower {
    /// Reads the log at `path` from its beginning.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, LogLimits::default())
    }

    /// The same for a log that was written within `limits`.
    pub fn open_with(path: &Path, limits: LogLimits) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, limits, position: 0 })
    }

    /// The bytes that were not read yet, in part when they are many. Does not wait.
    pub fn read(&mut self) -> io::Result<News> {
        for _ in 0..TRIES {
            let before = self.layout()?;
            let (at, left_out) = before.place(self.position);
            let mut bytes = vec![0; before.room_at(at)];
            let count = self.file.read_at(&mut bytes, at)?;
            if self.layout()? == before {
                bytes.truncate(count);
                self.position += left_out + count as u64;
                return Ok(News { left_out, bytes });
            }
        }
        Ok(News::default())
    }

    fn layout(&self) -> io::Result<LogLayout> {
        if self.file.metadata()?.len() <= self.limits.head {
            return Ok(LogLayout { head: u64::MAX, left_out: 0 });
        }
        let head = head_end(&self.file, self.limits)?;
        Ok(LogLayout { head, left_out: left_out(&self.file, head)? })
    }
}

/// Positions in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LogLayout {
    head: u64,
    left_out: u64,
}

impl LogLayout {
    /// The place in the file of byte `position` of the uncut log, and the number of bytes from it on that are gone.
    fn place(self, position: u64) -> (u64, u64) {
        if position < self.head || self.left_out == 0 {
            return (position, 0);
        }
        let gone = (self.head + self.left_out).saturating_sub(position);
        (position + gone - self.left_out + MARK_BYTES, gone)
    }

    /// Number of bytes that may be read at `at` without running from the head into the mark.
    fn room_at(self, at: u64) -> usize {
        let in_head = if at < self.head { self.head - at } else { u64::MAX };
        usize::try_from(in_head).unwrap_or(usize::MAX).min(CHUNK_BYTES)
    }
}
