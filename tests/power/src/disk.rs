//! Pure. A disk with a volatile cache, in memory: everything that reaches it is kept in order, so that what a power cut at
//! any moment leaves can be made of it.

use crate::chance::Chance;
use std::collections::HashMap;
use std::sync::Arc;

/// Unit in which contents are kept; and what a disk writes whole, or not at all, as file systems have it of their blocks.
const BLOCK_BYTES: usize = 4096;

/// The contents of a disk. What is not there is zero.
#[derive(Debug, Clone, Default)]
pub struct Contents(HashMap<u64, Arc<[u8; BLOCK_BYTES]>>);

impl Contents {
    /// Fills `buffer` with what is at `offset`.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) {
        for (block, within, range) in pieces(offset, buffer.len()) {
            match self.0.get(&block) {
                Some(bytes) => buffer[range.clone()].copy_from_slice(&bytes[within..within + range.len()]),
                None => buffer[range].fill(0),
            }
        }
    }

    /// Puts `data` at `offset`.
    pub fn write(&mut self, offset: u64, data: &[u8]) {
        for (block, within, range) in pieces(offset, data.len()) {
            let bytes = self.0.entry(block).or_insert_with(|| Arc::new([0; BLOCK_BYTES]));
            Arc::make_mut(bytes)[within..within + range.len()].copy_from_slice(&data[range]);
        }
    }
}

/// The blocks that a range touches, where it begins in each, and the part of the range.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = (at % BLOCK_BYTES as u64) as usize;
        let end = length.min(done + BLOCK_BYTES - within);
        let piece = (at / BLOCK_BYTES as u64, within, done..end);
        done = end;
        Some(piece)
    })
}

/// Something that reached the disk, or that somebody noted meanwhile.
#[derive(Debug, Clone)]
pub enum Happened {
    Write {
        offset: u64,
        data: Arc<[u8]>,
    },
    /// Whatever was written before is on the medium.
    Flush,
    /// A fact of the world outside, such as that a sender was told 202.
    Mark(String),
}

/// A disk, and all that happened to it.
#[derive(Debug, Default)]
pub struct Disk {
    before: Contents,
    now: Contents,
    pub log: Vec<Happened>,
}

/// How much of what was not flushed a cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    Nothing,
    Everything,
    /// Of each write all or nothing.
    Writes,
    /// Of each block the last that was written, or one before it.
    Blocks,
}

impl Disk {
    /// A disk that was never written to since it had these contents.
    pub fn of(contents: Contents) -> Self {
        Self { now: contents.clone(), before: contents, log: Vec::new() }
    }

    pub fn read(&self, offset: u64, buffer: &mut [u8]) {
        self.now.read(offset, buffer);
    }

    pub fn write(&mut self, offset: u64, data: &[u8]) {
        self.now.write(offset, data);
        self.log.push(Happened::Write { offset, data: data.into() });
    }

    pub fn flush(&mut self) {
        self.log.push(Happened::Flush);
    }

    pub fn mark(&mut self, fact: String) {
        self.log.push(Happened::Mark(fact));
    }

    /// The facts that were noted among the first `at` things that happened.
    pub fn marks(&self, at: usize) -> impl Iterator<Item = &str> {
        self.log[..at].iter().filter_map(|happened| match happened {
            Happened::Mark(fact) => Some(fact.as_str()),
            _ => None,
        })
    }

    /// What is on the medium if the power is cut after the first `at` things: all that was flushed, and some of the rest.
    pub fn cut(&self, at: usize, leaves: Leaves, chance: &mut Chance) -> Contents {
        let flushed = self.log[..at].iter().rposition(|happened| matches!(happened, Happened::Flush)).unwrap_or(0);
        let mut contents = self.before.clone();
        for (index, happened) in self.log[..at].iter().enumerate() {
            let Happened::Write { offset, data } = happened else { continue };
            if index < flushed {
                contents.write(*offset, data);
                continue;
            }
            match leaves {
                Leaves::Nothing => break,
                Leaves::Everything => contents.write(*offset, data),
                Leaves::Writes if chance.half() => contents.write(*offset, data),
                Leaves::Writes => {}
                Leaves::Blocks => {
                    for (block, bytes) in data.chunks(BLOCK_BYTES).enumerate() {
                        if chance.half() {
                            contents.write(offset + (block * BLOCK_BYTES) as u64, bytes);
                        }
                    }
                }
            }
        }
        contents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(contents: &Contents, offset: u64) -> u8 {
        let mut byte = [0];
        contents.read(offset, &mut byte);
        byte[0]
    }

    #[test]
    fn what_was_flushed_is_there_and_of_the_rest_what_the_cut_leaves() {
        let mut disk = Disk::default();
        disk.write(4000, &[1; 1000]);
        disk.flush();
        disk.mark("promised".into());
        disk.write(4000, &[2; 8192]);
        let mut chance = Chance::new(1);
        for (leaves, expected) in [(Leaves::Nothing, 1), (Leaves::Everything, 2)] {
            let left = disk.cut(disk.log.len(), leaves, &mut chance);
            assert_eq!((read(&left, 3999), read(&left, 4000), read(&left, 4999)), (0, expected, expected));
        }
        assert_eq!(read(&disk.cut(1, Leaves::Nothing, &mut chance), 4000), 0, "not flushed yet");
        let torn = (0..64).any(|_| {
            let left = disk.cut(disk.log.len(), Leaves::Blocks, &mut chance);
            read(&left, 4000) != read(&left, 9000)
        });
        assert!(torn, "blocks go alone");
        assert_eq!(disk.marks(3).collect::<Vec<_>>(), ["promised"]);
        assert_eq!(disk.marks(2).count(), 0);
    }
}
