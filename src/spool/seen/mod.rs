//! Pure. The trace that every delivery leaves, also one that was refused or ignored: `seen/<hook>`, and `seen/@no-hook`
//! for requests that named no hook.
//!
//! Each file is a ring: a header of 1 KiB with counters, and the last 128 deliveries, 504 bytes each. It is made whole
//! at once, 64 KiB, and written in place from then on: it never grows, and nothing of it is ever flushed. Header and
//! records begin with a check (the first 8 bytes of the SHA-256 of what follows); what does not fit its check was torn
//! by a crash, and is passed over.
//!
//! - A trace is a help for people. No failure of it changes an answer: without `seen/`, on a full disk, before a
//!   hostile entry a delivery leaves none.
//! - A receiver that stays writes in a thread of its own, what came in a twentieth of a second at a time: no delivery
//!   waits for that, and of a flood hardly more is written than a ring holds. A CGI process writes before it answers.
//! - Between processes there is the `flock` of the file, for which nobody waits longer than a tenth of a second; what
//!   cannot be written by then is written with the next delivery, or when the receiver stops.
//! - Counters count at most what is true since `since`: a receiver that is killed leaves out what it had not yet
//!   written, and a CGI process its delivery where it finds the file locked for too long.
//! - Only hooks of the configuration have a ring, whatever is requested. That of a hook that has gone from it stays
//!   until somebody removes it; any ring may be removed at any time, and is made anew.
//! - Files are for the spool's group: receivers of several users write to the same ones. An entry that is no regular
//!   file of one name, that belongs to a stranger, or that is longer than a ring, is never written to.

mod batch;
mod delivery;
mod header;
mod result;
mod ring;
mod rings;
mod view;

pub use delivery::SeenDelivery;
pub use result::{DeliveryResult, SeenCounts};
pub use rings::SeenRings;
pub use view::{Seen, Streak, seen};

use sha2::{Digest, Sha256};
use std::ffi::OsStr;

/// Deliveries that are kept.
const RECORDS: u64 = 128;
/// Length of each.
const RECORD_BYTES: usize = 504;
/// Length of the header, room for more counters included.
const HEADER_BYTES: usize = 1024;
/// Length of a ring.
const RING_BYTES: u64 = HEADER_BYTES as u64 + RECORDS * RECORD_BYTES as u64;
/// Length of a check.
const CHECK_BYTES: usize = 8;

/// The name of a hook's ring, or of the one for requests that named no hook. No hook's name holds its `@`, nor a
/// slash.
fn ring_name(hook: Option<&str>) -> Option<&OsStr> {
    let name = hook.unwrap_or("@no-hook");
    let is_name = !name.is_empty() && !name.contains(['/', '\0']) && !matches!(name, "." | "..");
    is_name.then(|| OsStr::new(name))
}

/// The check of what follows it.
fn check_of(content: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::digest(content);
    std::array::from_fn(|index| digest[index])
}

/// Puts the check before the content of `bytes`.
fn seal(bytes: &mut [u8]) {
    let check = check_of(&bytes[CHECK_BYTES..]);
    bytes[..CHECK_BYTES].copy_from_slice(&check);
}

/// The content of `bytes`, if it fits its check.
fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (check, content) = bytes.split_at_checked(CHECK_BYTES)?;
    (check_of(content) == check).then_some(content)
}

/// The offset of the record of delivery `number`.
fn offset_of(number: u64) -> u64 {
    HEADER_BYTES as u64 + number % RECORDS * RECORD_BYTES as u64
}
