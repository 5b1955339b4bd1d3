//! What servers and other hosts send: no message opens that its origin did not seal, one that it sealed opens as it was
//! sealed and not with a byte changed, and a receipt is read as it was written.
//!
//! An input is a message, a payload, a receipt, an answer of a server, and the sign of another host.

use hookspool::model::{EventKind, JobId, JobMeta};
use hookspool::relay::probe::{answered, opened, receipt, receipt_of, sent};
use hookspool::spool::{SealedLine, probe};
use jiff::Timestamp;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

pub fn run(input: &[u8]) {
    let id = JobId::new(1_795_332_869_123_456_789, 0x3f9a_1c2e).expect("19 digits");
    let key = unknown();
    assert!(opened(key, input, id).is_err(), "nobody sealed it");
    as_a_payload(key, id, input);
    if let Some((identity, refused)) = receipt(input, id) {
        let again = receipt_of(id, &identity, refused.as_deref());
        // What was written with other blanks may be longer when it is written by us.
        assert!(again.len() > 4096 || receipt(&again, id) == Some((identity, refused)), "another receipt");
    }
    let _ = answered(input, Instant::now());
}

fn as_a_payload(key: [u8; 32], id: JobId, payload: &[u8]) {
    let meta = JobMeta::new("docs", "github", EventKind::Push, Timestamp::UNIX_EPOCH);
    let file = probe::written(id, &meta, payload);
    let line = SealedLine::parse(file[payload.len() + 1..].trim_ascii_end()).expect("one of ours");
    for sealed in [Some(payload), None] {
        let message = sent(key, &line, sealed);
        let expected = (line.as_bytes().to_vec(), sealed.map(<[u8]>::to_vec));
        assert_eq!(opened(key, &message, id), Ok(expected), "what was sealed is not what is opened");
        let sum: usize = payload.iter().map(|&byte| usize::from(byte)).sum();
        let mut changed = message.clone();
        changed[sum % message.len()] ^= 1;
        assert!(opened(key, &changed, id).is_err(), "byte {} does not matter", sum % message.len());
        assert!(opened(key, &message[..sum % message.len()], id).is_err(), "a cut message was whole");
    }
}

/// A key that no input can know.
fn unknown() -> [u8; 32] {
    let mut key = [0; 32];
    key.chunks_mut(8).for_each(|part| part.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes()));
    key
}
