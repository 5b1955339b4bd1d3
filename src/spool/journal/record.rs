//! Pure. One record of the runner's journal: what was added to a job's history, and the proof that it is whole.
//!
//! A line of words, and then the lines of history as they are; `strings journal` shows both:
//! `hookspool-journal 1 <generation> <index> <since> <before> <boot> <id> <offset> <length> <seal>`. The seal is the
//! SHA-256 of all of it but the seal and the line feed after it. What follows up to the next sector is zeros.

use crate::model::JobId;
use sha2::{Digest, Sha256};

/// A record begins where a sector does, so that the writing of the next one harms none.
pub(in crate::spool) const SECTOR_BYTES: usize = 512;
/// Longest record; a longer history is flushed where it lies.
pub(in crate::spool) const RECORD_LIMIT_BYTES: usize = 32 * 1024;
/// First words of each.
const MAGIC: &str = "hookspool-journal 1";
/// Words of the first line without the seal.
const WORDS: usize = 10;
/// Longest first line.
const HEAD_LIMIT_BYTES: usize = 360;
/// Stands for no boot, or for no job.
const NONE: &str = "-";

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spool) struct Record {
    /// One pass through a half of the file.
    pub(in crate::spool) generation: u64,
    /// Its place among those of the generation, from 0.
    pub(in crate::spool) index: u32,
    /// Records of earlier generations count no more: all that they say is where it belongs, and durable.
    pub(in crate::spool) since: u64,
    /// Number of records in the generation before.
    pub(in crate::spool) before: u32,
    /// The boot in which it was written; empty where that is not known.
    pub(in crate::spool) boot: String,
    /// None in one that only says from where on records count.
    pub(in crate::spool) addition: Option<Addition>,
}

/// An addition to a job's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spool) struct Addition {
    pub(in crate::spool) id: JobId,
    /// The place of the lines in the history.
    pub(in crate::spool) offset: u64,
    pub(in crate::spool) lines: Vec<u8>,
}

impl Record {
    /// Its bytes, up to the end of a sector.
    pub(in crate::spool) fn to_bytes(&self) -> Vec<u8> {
        let (id, offset, lines) = match &self.addition {
            Some(Addition { id, offset, lines }) => (id.to_string(), *offset, lines.as_slice()),
            None => (NONE.to_owned(), 0, [].as_slice()),
        };
        let boot = if self.boot.is_empty() { NONE } else { &self.boot };
        let Self { generation, index, since, before, .. } = self;
        let length = lines.len();
        let head = format!("{MAGIC} {generation} {index} {since} {before} {boot} {id} {offset} {length} ");
        let seal = seal(head.as_bytes(), lines);
        let mut bytes = [head.as_bytes(), seal.as_bytes(), b"\n", lines].concat();
        bytes.resize(bytes.len().next_multiple_of(SECTOR_BYTES), 0);
        bytes
    }

    /// The whole record at the beginning of `bytes`, and the bytes that it takes.
    pub(in crate::spool) fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        if !bytes.starts_with(MAGIC.as_bytes()) {
            return None;
        }
        let end = bytes.iter().take(HEAD_LIMIT_BYTES).position(|&b| b == b'\n')?;
        let (head, sealed_with) = std::str::from_utf8(&bytes[..end]).ok()?.rsplit_once(' ')?;
        let words: Vec<&str> = head.split(' ').collect();
        let [_, _, generation, index, since, before, boot, id, offset, length] = *words.first_chunk::<WORDS>()?;
        let whole = end.checked_add(1)?.checked_add(length.parse().ok()?)?;
        let lines = bytes.get(end + 1..whole)?;
        if seal(format!("{head} ").as_bytes(), lines) != sealed_with {
            return None;
        }
        let addition = match id {
            NONE => None,
            id => Some(Addition { id: id.parse().ok()?, offset: offset.parse().ok()?, lines: lines.to_vec() }),
        };
        let boot = if boot == NONE { String::new() } else { boot.to_owned() };
        let (generation, index) = (generation.parse().ok()?, index.parse().ok()?);
        let (since, before) = (since.parse().ok()?, before.parse().ok()?);
        Some((Self { generation, index, since, before, boot, addition }, whole.next_multiple_of(SECTOR_BYTES)))
    }
}

fn seal(head: &[u8], lines: &[u8]) -> String {
    hex::encode(Sha256::new().chain_update(head).chain_update(lines).finalize())
}

#[cfg(test)]
pub(in crate::spool) mod tests {
    use super::*;

    pub(in crate::spool) fn record(generation: u64, index: u32) -> Record {
        let id = "0000000000000000001.00000001".parse().unwrap();
        let addition = Some(Addition { id, offset: 7, lines: b"{\"what\":\"note\"}\n".to_vec() });
        Record { generation, index, since: generation, before: 0, boot: "boot".to_owned(), addition }
    }

    #[test]
    fn a_record_is_read_back_and_takes_whole_sectors() {
        for lines in [0, 1, 300, 5000] {
            let mut record = record(3, 4);
            record.addition.as_mut().unwrap().lines = vec![b'x'; lines];
            let bytes = record.to_bytes();
            assert_eq!(Record::parse(&bytes), Some((record, bytes.len())));
            assert_eq!(bytes.len() % SECTOR_BYTES, 0);
        }
        let mark = Record { addition: None, boot: String::new(), ..record(1, 0) };
        assert_eq!(Record::parse(&mark.to_bytes()), Some((mark, SECTOR_BYTES)));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_of_a_record_is_detected() {
        let bytes = record(3, 4).to_bytes();
        let length = bytes.iter().rposition(|&b| b != 0).unwrap() + 1;
        for at in 0..length {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                assert_eq!(Record::parse(&flipped), None, "bit {bit} of byte {at}");
            }
            assert_eq!(Record::parse(&bytes[..at]), None, "cut at {at}");
        }
    }
}
