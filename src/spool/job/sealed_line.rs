//! Pure. A job's last line away from its file: what it says, and whether a payload is the one that it describes.

use super::format::{self, Description};
use crate::model::{JobId, JobMeta};
use sha2::{Digest, Sha256};

/// The last line of a job's file, parsed; not yet compared with a payload.
#[derive(Debug)]
pub struct SealedLine {
    said: Description,
    line: Vec<u8>,
}

impl SealedLine {
    /// Parses a line, without its line feed; or why it is none that a spool could have written.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        if line.len() > format::LINE_LIMIT_BYTES {
            return Err("its last line is too long".to_owned());
        }
        let said = format::parse(line)?;
        match said.meta.impossible_member() {
            Some(member) => Err(format!("its `{member}` is none that a delivery could have told")),
            None => Ok(Self { said, line: line.to_owned() }),
        }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        self.said.id
    }

    /// The description of the delivery.
    pub fn meta(&self) -> &JobMeta {
        &self.said.meta
    }

    /// Length of the payload, in bytes.
    pub fn length(&self) -> u64 {
        self.said.length
    }

    /// The line's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.line
    }

    /// True if `payload` is the one that the line describes, and the line is as it was sealed.
    pub fn fits(&self, payload: &[u8]) -> bool {
        let hash = Sha256::new().chain_update(payload);
        let sealed = hash.clone().chain_update(b"\n").chain_update(format::sealed_part(&self.line));
        self.said.length == payload.len() as u64
            && hex::encode(hash.finalize()) == self.said.sha256
            && hex::encode(sealed.finalize()) == self.said.seal
    }
}
