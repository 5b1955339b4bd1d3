//! Pure. The last line of a job's file: how it is written, and how strictly it is read.
//!
//! A job's file is the raw payload, a line feed, one line of JSON, a line feed. The line ends with `,"seal":"<hex>"}`,
//! the SHA-256 over every byte of the file before `,"seal":"`.

use crate::model::{JobId, JobMeta};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Longest line in bytes, without its line feed.
pub(in crate::spool) const LINE_LIMIT_BYTES: usize = 64 * 1024;
/// Version of the format.
const VERSION: u32 = 1;
/// The text before the seal's digits.
const SEAL: &[u8] = b",\"seal\":\"";
/// Bytes from `,"seal":"` to the end of the line.
const SEAL_BYTES: usize = SEAL.len() + 64 + 2;

/// The line without its seal.
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    id: JobId,
    /// Text, since a JSON number of 19 digits loses some in many a reader (RFC 8259 §6).
    sequence: String,
    #[serde(flatten)]
    meta: &'a JobMeta,
    length: u64,
    sha256: String,
}

/// The line as it is read. Members that a later version may add are ignored; their bytes are sealed all the same.
#[derive(Deserialize)]
struct Read {
    version: u32,
    id: JobId,
    sequence: String,
    length: u64,
    sha256: String,
    #[serde(flatten)]
    meta: JobMeta,
}

/// The content of the last line, before anything was compared with the bytes above it.
#[derive(Debug)]
pub(in crate::spool) struct Description {
    pub(in crate::spool) id: JobId,
    pub(in crate::spool) meta: JobMeta,
    pub(in crate::spool) length: u64,
    pub(in crate::spool) sha256: String,
    pub(in crate::spool) seal: String,
}

/// The bytes after the payload: a line feed, the line, a line feed. `payload` is the hash of the payload's bytes.
pub(in crate::spool) fn tail(id: JobId, meta: &JobMeta, length: u64, payload: &Sha256) -> Vec<u8> {
    let sha256 = hex::encode(payload.clone().finalize());
    let line = Written { version: VERSION, id, sequence: format!("{:019}", id.sequence()), meta, length, sha256 };
    let mut bytes = vec![b'\n'];
    serde_json::to_writer(&mut bytes, &line).expect("text keys and a writer that cannot fail");
    bytes.pop();
    let seal = hex::encode(payload.clone().chain_update(&bytes).finalize());
    bytes.extend_from_slice(SEAL);
    bytes.extend_from_slice(seal.as_bytes());
    bytes.extend_from_slice(b"\"}\n");
    bytes
}

/// The beginning of the last line in `end`, the last bytes of a file; or why there is none.
pub(in crate::spool) fn line_start(end: &[u8]) -> Result<usize, &'static str> {
    let Some((b'\n', rest)) = end.split_last() else { return Err("it does not end with a line feed") };
    let start = rest.iter().rposition(|&b| b == b'\n').ok_or("its last line is too long, or the only one")? + 1;
    if rest.len() - start > LINE_LIMIT_BYTES { Err("its last line is too long") } else { Ok(start) }
}

/// Parses a line, without its line feed.
pub(in crate::spool) fn parse(line: &[u8]) -> Result<Description, String> {
    let text = std::str::from_utf8(line).map_err(|_| "its last line is not UTF-8")?;
    let seal = seal_of(text).ok_or("its last line has no seal")?;
    let read: Read = serde_json::from_str(text).map_err(|e| format!("its last line does not describe a job: {e}"))?;
    if read.version != VERSION {
        return Err(format!("its format is version {}, this program knows {VERSION}", read.version));
    }
    if read.sequence != format!("{:019}", read.id.sequence()) {
        return Err("its sequence number is not that of its id".to_owned());
    }
    Ok(Description { id: read.id, meta: read.meta, length: read.length, sha256: read.sha256, seal })
}

/// The part of a line that the seal covers.
pub(in crate::spool) fn sealed_part(line: &[u8]) -> &[u8] {
    &line[..line.len().saturating_sub(SEAL_BYTES)]
}

fn seal_of(line: &str) -> Option<String> {
    let at = line.len().checked_sub(SEAL_BYTES)?;
    let seal = line.get(at..)?.strip_prefix(",\"seal\":\"")?.strip_suffix("\"}")?;
    Some(seal.to_owned())
}
