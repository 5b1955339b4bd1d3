//! Edge. A file of lines about jobs that only grows, until old lines are forgotten: `<id> <time> <words>`.

use super::{failed, flush_dir};
use crate::model::JobId;
use crate::spool::error::SpoolError;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Longest words of one line.
const WORDS_LIMIT: usize = 300;
/// Lines of which more than half are old are written anew when there are so many.
const MANY: usize = 1_000;

/// The last that was said about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerWord {
    /// Time.
    pub at: Timestamp,
    /// The words, one line.
    pub text: String,
}

/// Such a file, open.
#[derive(Debug)]
pub struct JobLedger {
    path: PathBuf,
    file: File,
    words: BTreeMap<JobId, LedgerWord>,
}

impl JobLedger {
    /// Opens it, or makes it. A line that a crash cut short is removed.
    pub(super) fn open(path: PathBuf) -> Result<Self, SpoolError> {
        let is_new = !path.exists();
        let opened = OpenOptions::new().append(true).create(true).mode(0o640).open(&path);
        let file = opened.map_err(|e| failed("open", &path, &e))?;
        let text = content(&path)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(|e| failed("shorten", &path, &e))?;
        }
        if is_new {
            path.parent().map_or(Ok(()), flush_dir)?;
        }
        Ok(Self { words: parse(&text[..whole]), path, file })
    }

    /// The last word about a job.
    pub fn word(&self, id: JobId) -> Option<&LedgerWord> {
        self.words.get(&id)
    }

    /// Adds a line for each of these jobs; durable when it returns. After an error, open it anew.
    pub fn add<'a>(
        &mut self,
        lines: impl IntoIterator<Item = (JobId, &'a str)>,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let mut text = String::new();
        for (id, words) in lines {
            let words = one_line(words);
            text.push_str(&line(id, at, &words));
            self.words.insert(id, LedgerWord { at, text: words });
        }
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|e| failed("write", &self.path, &e))
    }

    /// Forgets what was said before `since`, when that is worth the writing.
    pub fn forget(&mut self, since: Timestamp) -> Result<(), SpoolError> {
        let old = self.words.values().filter(|word| word.at < since).count();
        if old < MANY || old * 2 < self.words.len() {
            return Ok(());
        }
        self.words.retain(|_, word| word.at >= since);
        let text: String = self.words.iter().map(|(id, word)| line(*id, word.at, &word.text)).collect();
        let mut fresh = self.path.clone().into_os_string();
        fresh.push("~");
        let fresh = PathBuf::from(fresh);
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o640).open(&fresh)?;
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
            fs::rename(&fresh, &self.path)?;
            OpenOptions::new().append(true).open(&self.path)
        };
        self.file = write().map_err(|e| failed("write", &self.path, &e))?;
        self.path.parent().map_or(Ok(()), flush_dir)
    }
}

/// The last words about all jobs in the file at `path`.
pub(super) fn read(path: &Path) -> Result<BTreeMap<JobId, LedgerWord>, SpoolError> {
    content(path).map(|text| parse(&text))
}

fn content(path: &Path) -> Result<String, SpoolError> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other.map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(|e| failed("read", path, &e)),
    }
}

fn parse(text: &str) -> BTreeMap<JobId, LedgerWord> {
    let one = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (id, at, text) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        Some((id, LedgerWord { at, text: text.to_owned() }))
    };
    text.lines().filter_map(one).collect()
}

fn line(id: JobId, at: Timestamp, words: &str) -> String {
    format!("{id} {at} {words}\n")
}

/// Others may have written it: short, and nothing that moves a cursor.
fn one_line(words: &str) -> String {
    words.chars().take(WORDS_LIMIT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sequence: u64) -> JobId {
        JobId::new(sequence, 7).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_last_word_counts_and_a_torn_line_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("web1");
        let mut ledger = JobLedger::open(path.clone()).unwrap();
        ledger.add([(id(1), "refused: no\nhook"), (id(2), "taken")], at(5)).unwrap();
        ledger.add([(id(1), "taken")], at(6)).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"0000000000000000003.0000").unwrap();
        let mut again = JobLedger::open(path.clone()).unwrap();
        again.add([(id(4), "taken")], at(7)).unwrap();
        let words = read(&path).unwrap();
        assert_eq!(words.keys().copied().collect::<Vec<_>>(), [id(1), id(2), id(4)]);
        assert_eq!(words[&id(1)], LedgerWord { at: at(6), text: "taken".to_owned() });
        assert_eq!(again.word(id(2)).unwrap().at, at(5));
        assert!(fs::read_to_string(&path).unwrap().contains("refused: no hook"), "one line for each word");
    }

    #[test]
    fn old_words_are_forgotten_and_new_ones_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        let mut ledger = JobLedger::open(path.clone()).unwrap();
        ledger.add((0..2_000).map(|n| (id(n), "gate")), at(5)).unwrap();
        ledger.add([(id(5_000), "gate")], at(50)).unwrap();
        ledger.forget(at(5)).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2_001);
        ledger.forget(at(50)).unwrap();
        ledger.add([(id(5_001), "gate")], at(51)).unwrap();
        let left = read(&path).unwrap();
        assert_eq!(left.into_keys().collect::<Vec<_>>(), [id(5_000), id(5_001)]);
    }
}
