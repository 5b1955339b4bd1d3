//! Pure. The word of a host about a job that it was sent: JSON, a few members, read strictly.

use crate::model::JobId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest receipt that is read.
const LIMIT_BYTES: usize = 4 * 1024;
/// Version of the format.
const VERSION: u32 = 1;

/// A receipt. Who sent it, its subject says: the servers let a host publish under its own name alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HostReceipt {
    version: u32,
    /// The job.
    pub id: JobId,
    /// The spool that has it.
    pub identity: String,
    /// The clock of the host.
    pub at: Timestamp,
    /// The reason for which it was refused; `None`: it was taken, and flushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl HostReceipt {
    /// That a job was taken, or why not.
    pub(super) fn new(id: JobId, identity: &str, at: Timestamp, refused: Option<String>) -> Self {
        Self { version: VERSION, id, identity: identity.to_owned(), at, refused }
    }

    /// Its bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text keys and no floats")
    }

    /// Reads one about job `id`; `None` for anything else.
    pub(super) fn read(bytes: &[u8], id: JobId) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes.get(..LIMIT_BYTES.min(bytes.len()))?).ok()?;
        let is_identity = read.identity.len() <= 64 && read.identity.bytes().all(|byte| byte.is_ascii_hexdigit());
        (bytes.len() <= LIMIT_BYTES && read.version == VERSION && read.id == id && is_identity).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_back_and_one_about_another_job_is_none() {
        let (id, other) = (JobId::new(5, 7).unwrap(), JobId::new(6, 7).unwrap());
        for refused in [None, Some("no such hook".to_owned())] {
            let receipt = HostReceipt::new(id, "ab", Timestamp::UNIX_EPOCH, refused);
            let bytes = receipt.to_bytes();
            assert_eq!(HostReceipt::read(&bytes, id), Some(receipt));
            assert_eq!(HostReceipt::read(&bytes, other), None);
            assert_eq!(HostReceipt::read(&bytes[..bytes.len() - 1], id), None);
        }
        let right = HostReceipt::new(id, "ab", Timestamp::UNIX_EPOCH, None).to_bytes();
        for (from, to) in [("\"version\":1", "\"version\":2"), ("\"ab\"", "\"\\u001b[31m\"")] {
            let changed = String::from_utf8(right.clone()).unwrap().replace(from, to);
            assert_ne!(changed.as_bytes(), right, "{from}");
            assert_eq!(HostReceipt::read(changed.as_bytes(), id), None, "{to}");
        }
        assert_eq!(HostReceipt::read(&[b' '; 5000], id), None);
    }
}
