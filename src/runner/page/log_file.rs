//! Edge. A job's log for the page: a copy beside it, and its beginning and end within it.

use super::error::PageError;
use super::place::{Folder, PageDir};
use crate::model::JobId;
use crate::page::LogExcerpt;
use crate::spool::{self, HistoryStamp};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Most bytes of a copy. The runner's own bound is lower.
const COPY_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes of a log's beginning, and of its end, that its page shows.
const HEAD_BYTES: usize = 64 * 1024;
const TAIL_BYTES: usize = 128 * 1024;

/// Copies the log of a job to `name`; `false` if it has none.
pub(super) fn copy(dir: &PageDir, name: &str, spool: &Path, id: JobId, stamp: HistoryStamp) -> Result<bool, PageError> {
    let Ok(log) = File::open(spool::log_path(spool, id)) else {
        dir.remove(Folder::Job, name)?;
        return Ok(false);
    };
    dir.put(Folder::Job, name, &mut log.take(COPY_BYTES), Some(stamp))?;
    Ok(true)
}

/// Beginning and end of the log of a job; empty where it cannot be read.
pub(super) fn excerpt(spool: &Path, id: JobId) -> LogExcerpt {
    File::open(spool::log_path(spool, id)).and_then(|log| parts(&log)).unwrap_or_default()
}

/// Both parts are cut at the ends of lines.
fn parts(log: &File) -> io::Result<LogExcerpt> {
    let length = log.metadata()?.len();
    if length <= (HEAD_BYTES + TAIL_BYTES) as u64 {
        return Ok(LogExcerpt { head: text(&part(log, 0, HEAD_BYTES + TAIL_BYTES)?), ..LogExcerpt::default() });
    }
    let mut head = part(log, 0, HEAD_BYTES)?;
    head.truncate(head.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1));
    let tail = part(log, length - TAIL_BYTES as u64, TAIL_BYTES)?;
    let tail = &tail[tail.iter().position(|&b| b == b'\n').map_or(tail.len(), |end| end + 1)..];
    let left_out = length.saturating_sub((head.len() + tail.len()) as u64);
    Ok(LogExcerpt { head: text(&head), left_out, tail: text(tail) })
}

fn part(log: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match log.read_at(&mut bytes[filled..], at + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_long_log_is_shown_by_whole_lines_of_its_beginning_and_its_end() {
        let mut log = tempfile::tempfile().unwrap();
        let lines: Vec<String> = (0..30_000).map(|i| format!("line {i:06}\n")).collect();
        log.write_all(lines.concat().as_bytes()).unwrap();
        let parts = parts(&log).unwrap();
        assert!(parts.head.starts_with("line 000000\n") && parts.head.ends_with('\n'));
        assert!(parts.tail.starts_with("line ") && parts.tail.ends_with("line 029999\n"));
        assert_eq!(parts.head.len() + parts.tail.len() + usize::try_from(parts.left_out).unwrap(), 30_000 * 12);
        assert!(parts.head.len() + parts.tail.len() <= HEAD_BYTES + TAIL_BYTES);
    }

    #[test]
    fn a_short_log_is_whole_and_one_endless_line_is_not_shown_in_parts() {
        let mut log = tempfile::tempfile().unwrap();
        log.write_all(b"one\ntwo").unwrap();
        assert_eq!(parts(&log).unwrap().head, "one\ntwo");
        log.write_all(&vec![b'x'; 1 << 20]).unwrap();
        let parts = parts(&log).unwrap();
        assert_eq!((parts.head.as_str(), parts.tail.as_str()), ("one\n", ""));
    }
}
