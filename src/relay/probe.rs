//! Pure. A door for tests that throw bytes at what servers and other hosts send: no net, no spool.

use super::api;
use super::envelope::{Route, open, seal};
use super::presence::TwinWatch;
use super::receipt::HostReceipt;
use crate::model::{JobId, OriginKey};
use crate::spool::SealedLine;
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use std::time::Instant;

/// The hosts of a message: from `gate` to `web1`.
const ROUTE: Route<'static> = Route { target: "web1", origin: "gate" };

/// A job as its origin sends it, under the signing key of these bytes.
pub fn sent(key: [u8; 32], line: &SealedLine, payload: Option<&[u8]>) -> Vec<u8> {
    seal(&SigningKey::from_bytes(&key), ROUTE, line, payload)
}

/// The sealed line and the payload of a message that came as job `id`, for a target that trusts this key; or why it is
/// refused.
pub fn opened(key: [u8; 32], message: &[u8], id: JobId) -> Result<(Vec<u8>, Option<Vec<u8>>), String> {
    let trusted = OriginKey::new(SigningKey::from_bytes(&key).verifying_key());
    let opened = open(message, &trusted, ROUTE, id)?;
    Ok((opened.line.as_bytes().to_vec(), opened.payload))
}

/// The word of a host about job `id`, `None` for anything else: the identity of its spool, and why it refuses the job.
pub fn receipt(bytes: &[u8], id: JobId) -> Option<(String, Option<String>)> {
    HostReceipt::read(bytes, id).map(|receipt| (receipt.identity, receipt.refused))
}

/// The same as that host writes it.
pub fn receipt_of(id: JobId, identity: &str, refused: Option<&str>) -> Vec<u8> {
    HostReceipt::new(id, identity, Timestamp::UNIX_EPOCH, refused.map(str::to_owned)).to_bytes()
}

/// Reads `bytes` as a server's answer and as another host's sign; the size of the stream that it tells of.
pub fn answered(bytes: &[u8], now: Instant) -> Option<u64> {
    let mut watch = TwinWatch::new("0123456789abcdef", "a session", "here.web1".to_owned());
    watch.hear(bytes, now);
    let _read_alone = (api::made_at(bytes), api::stored_at(&String::from_utf8_lossy(bytes)));
    let is_refused = api::refusal(bytes).is_some();
    let facts = api::facts(bytes).filter(|_| !is_refused)?;
    facts.max_bytes().or(Some(facts.bytes))
}
