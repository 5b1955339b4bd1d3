//! Edge. Check that a job's file is whole: reads it once from end to end and compares every byte with its seal.

use super::format::{self, Description, LINE_LIMIT_BYTES};
use crate::model::{JobId, JobMeta};
use crate::spool::disk::{Disk, Io};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::io;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// A job's file that was found whole.
#[derive(Debug)]
pub(in crate::spool) struct Whole {
    pub(in crate::spool) meta: JobMeta,
    pub(in crate::spool) length: u64,
    pub(in crate::spool) sha256: String,
}

/// The damage that was found, or the disk's error.
#[derive(Debug)]
pub(in crate::spool) enum Damage {
    Found(String),
    Disk(Errno),
}

impl From<Errno> for Damage {
    fn from(errno: Errno) -> Self {
        Self::Disk(errno)
    }
}

impl From<String> for Damage {
    fn from(text: String) -> Self {
        Self::Found(text)
    }
}

impl From<&str> for Damage {
    fn from(text: &str) -> Self {
        Self::Found(text.to_owned())
    }
}

/// Reads the last line of a file of `size` bytes: what it says, its bytes, and where it begins.
pub(in crate::spool) fn describe<D: Disk>(
    disk: &D,
    file: &D::File,
    size: u64,
) -> Result<(Description, Vec<u8>, u64), Damage> {
    // A line feed before the line, the line, a line feed.
    let room = size.min(LINE_LIMIT_BYTES as u64 + 2);
    let from = size - room;
    let mut end = vec![0; usize::try_from(room).unwrap_or(usize::MAX)];
    if disk.read_full_at(file, &mut end, from)? != end.len() {
        return Err("it became shorter while it was read".into());
    }
    let start = format::line_start(&end)?;
    let line = end[start..end.len() - 1].to_vec();
    Ok((format::parse(&line)?, line, from + start as u64))
}

/// Checks a file of `size` bytes against what its last line says, and that against `id`. What comes back was compared
/// in the very bytes that were hashed, so that whoever rewrites the file meanwhile changes nothing.
pub(in crate::spool) fn check<D: Disk>(disk: &D, file: &D::File, size: u64, id: JobId) -> Result<Whole, Damage> {
    let (said, line, line_at) = describe(disk, file, size)?;
    if said.id != id {
        return Err(format!("it says that it is job {}", said.id).into());
    }
    if said.length.checked_add(1) != Some(line_at) {
        return Err(format!("its payload is not {} bytes long", said.length).into());
    }
    let hash = hash_payload(disk, file, said.length)?;
    if hex::encode(hash.clone().finalize()) != said.sha256 {
        return Err("its payload has another SHA-256 than its last line says".into());
    }
    let sealed = hash.chain_update(b"\n").chain_update(format::sealed_part(&line));
    if hex::encode(sealed.finalize()) != said.seal {
        return Err("its seal does not fit its content".into());
    }
    if let Some(member) = said.meta.impossible_member() {
        return Err(format!("its `{member}` is none that a delivery could have told").into());
    }
    Ok(Whole { meta: said.meta, length: said.length, sha256: said.sha256 })
}

fn hash_payload<D: Disk>(disk: &D, file: &D::File, length: u64) -> Io<Sha256> {
    let mut reader = Payload::new(disk, file, length);
    let mut chunk = vec![0; CHUNK_BYTES];
    while reader.next(&mut chunk)? > 0 {}
    Ok(reader.hash)
}

/// The payload's bytes, hashed as they pass.
struct Payload<'a, D: Disk> {
    disk: &'a D,
    file: &'a D::File,
    length: u64,
    offset: u64,
    hash: Sha256,
}

impl<'a, D: Disk> Payload<'a, D> {
    fn new(disk: &'a D, file: &'a D::File, length: u64) -> Self {
        Self { disk, file, length, offset: 0, hash: Sha256::new() }
    }

    fn next(&mut self, into: &mut [u8]) -> Io<usize> {
        let left = usize::try_from(self.length - self.offset).unwrap_or(usize::MAX);
        let room = into.len().min(left);
        let read = self.disk.read_at(self.file, &mut into[..room], self.offset)?;
        self.hash.update(&into[..read]);
        self.offset += read as u64;
        Ok(read)
    }
}

/// The payload for a reader who trusts nobody: if the bytes are not those that were checked, the end is an error.
pub(in crate::spool) struct PayloadReader<'a, D: Disk> {
    payload: Payload<'a, D>,
    sha256: &'a str,
}

impl<'a, D: Disk> PayloadReader<'a, D> {
    pub(in crate::spool) fn new(disk: &'a D, file: &'a D::File, whole: &'a Whole) -> Self {
        Self { payload: Payload::new(disk, file, whole.length), sha256: &whole.sha256 }
    }
}

impl<D: Disk> io::Read for PayloadReader<'_, D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.payload.next(into)?;
        let at_end = read == 0 && !into.is_empty();
        if at_end && hex::encode(self.payload.hash.clone().finalize()) != self.sha256 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the payload changed after it was checked"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
