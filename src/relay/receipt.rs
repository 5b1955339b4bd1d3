//! Pure. The word of a host about a job that it was sent: JSON, a few members, read strictly.

use crate::model::JobId;
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
    /// The reason for which it was refused; `None`: it was taken, and flushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl HostReceipt {
    /// That a job was taken, or why not.
    pub(super) fn new(id: JobId, identity: &str, refused: Option<String>) -> Self {
        Self { version: VERSION, id, identity: identity.to_owned(), refused }
    }

    /// Its bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text keys and no floats")
    }

    /// Reads one about job `id`; `None` for anything else.
    pub(super) fn read(bytes: &[u8], id: JobId) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes.get(..LIMIT_BYTES.min(bytes.len()))?).ok()?;
        (bytes.len() <= LIMIT_BYTES && read.version == VERSION && read.id == id).then_some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_back_and_one_about_another_job_is_none() {
        let (id, other) = (JobId::new(5, 7).unwrap(), JobId::new(6, 7).unwrap());
        for receipt in [HostReceipt::new(id, "ab", None), HostReceipt::new(id, "ab", Some("no such hook".to_owned()))] {
            let bytes = receipt.to_bytes();
            assert_eq!(HostReceipt::read(&bytes, id), Some(receipt));
            assert_eq!(HostReceipt::read(&bytes, other), None);
            assert_eq!(HostReceipt::read(&bytes[..bytes.len() - 1], id), None);
        }
        let newer = br#"{"version":2,"id":"0000000000000000005.00000007","identity":"ab"}"#;
        assert_eq!(HostReceipt::read(newer, id), None);
        assert_eq!(HostReceipt::read(&[b' '; 5000], id), None);
    }
}
