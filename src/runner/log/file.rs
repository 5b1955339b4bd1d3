//! Edge. A file that keeps its beginning and its end, and grows no further in between.
//!
//! Lines are appended until the head is full. From then on the file is head and tail; when the tail has grown to twice
//! its limit, its later half moves forward, behind one line of fixed width that says how many bytes were left out. The
//! head ends at the last line end within its limit, so that a reader, or a writer of a later attempt, finds the place
//! again without being told.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The parts of a log that are kept.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// From the beginning, in bytes.
    pub head: u64,
    /// From the end, in bytes.
    pub tail: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { head: 1024 * 1024, tail: 1024 * 1024 }
    }
}

/// The line between head and tail, without its number.
const MARK: (&str, &str) = ("---- ", " bytes left out here ----\n");
/// Width of its number.
const DIGITS: usize = 20;
/// Length of that line.
const MARK_LEN: usize = MARK.0.len() + DIGITS + MARK.1.len();
/// The same, as a distance in the file.
pub(super) const MARK_BYTES: u64 = MARK_LEN as u64;

/// The file.
#[derive(Debug)]
pub(super) struct BoundedFile {
    file: File,
    limits: LogLimits,
    len: u64,
    /// The end of the head, once it has one.
    head: Option<u64>,
    left_out: u64,
}

impl BoundedFile {
    /// Opens or creates `path`, and goes on where it ends.
    pub(super) fn open(path: &Path, limits: LogLimits) -> io::Result<Self> {
        let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o640).custom_flags(flags).open(path)?;
        let len = file.metadata()?.len();
        let head = if len > limits.head { Some(head_end(&file, limits)?) } else { None };
        let left_out = head.map_or(Ok(0), |head| left_out(&file, head))?;
        Ok(Self { file, limits, len, head, left_out })
    }

    /// Appends whole lines. When it fails nothing was appended.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut head = self.head;
        if head.is_none() && self.len + lines.len() as u64 > self.limits.head {
            let room = usize::try_from(self.limits.head - self.len).unwrap_or(usize::MAX);
            let end = lines[..room].iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
            head = Some(self.len + end as u64);
        }
        if let Err(error) = self.file.write_all_at(lines, self.len) {
            let _half_a_line_stays = self.file.set_len(self.len);
            return Err(error);
        }
        self.head = head;
        self.len += lines.len() as u64;
        if self.head.is_some() && self.tail_len() > 2 * self.limits.tail {
            self.cut()?;
        }
        Ok(())
    }

    /// Cuts the tail to its limit.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if self.head.is_some() && self.tail_len() > self.limits.tail { self.cut() } else { Ok(()) }
    }

    fn tail_start(&self) -> u64 {
        self.head.unwrap_or(0) + if self.left_out > 0 { MARK_BYTES } else { 0 }
    }

    fn tail_len(&self) -> u64 {
        self.len - self.tail_start()
    }

    /// Moves the last `tail` bytes, from a line's beginning, up behind the mark. A reader that sees the mark change
    /// reads again.
    fn cut(&mut self) -> io::Result<()> {
        let Some(head) = self.head else { return Ok(()) };
        let old_start = self.tail_start();
        let mut kept = vec![0; usize::try_from(self.limits.tail).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut kept, self.len - self.limits.tail)?;
        let whole = kept.iter().position(|&b| b == b'\n').map_or(0, |i| i + 1);
        let kept = &kept[whole..];
        self.left_out += self.len - kept.len() as u64 - old_start;
        self.file.write_all_at(mark(self.left_out).as_bytes(), head)?;
        self.file.write_all_at(kept, head + MARK_BYTES)?;
        self.len = head + MARK_BYTES + kept.len() as u64;
        self.file.set_len(self.len)
    }
}

fn mark(left_out: u64) -> String {
    format!("{}{left_out:0DIGITS$}{}", MARK.0, MARK.1)
}

/// The end of the head of a file that is longer than its head's limit: behind the last line end within the limit.
pub(super) fn head_end(file: &File, limits: LogLimits) -> io::Result<u64> {
    let mut head = vec![0; usize::try_from(limits.head).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut head, 0)?;
    Ok(head.iter().rposition(|&b| b == b'\n').map_or(0, |i| i as u64 + 1))
}

/// The number of bytes that, by the mark at `head`, were left out; 0 when there is none. No other line looks like it:
/// those begin with a time.
pub(super) fn left_out(file: &File, head: u64) -> io::Result<u64> {
    let mut line = [0; MARK_LEN];
    match file.read_exact_at(&mut line, head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
        Err(error) => return Err(error),
    }
    let number = line.strip_prefix(MARK.0.as_bytes()).and_then(|rest| rest.strip_suffix(MARK.1.as_bytes()));
    let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Ok(number.unwrap_or(0))
}
