//! Edge. The way from a person's verb to the runner: files in `control/`, nothing that listens. Only the spool's owner
//! may write there, and root.
//!
//! ```text
//! verb                                    runner
//! <16 hex>.new, then <16 hex>.request →   renames it to <16 hex>.taken, reads and applies it
//! reads, removes <16 hex>.answer       ←  <16 hex>.new, then <16 hex>.answer; removes <16 hex>.taken
//! ```
//!
//! A verb that gives up removes its request: when that succeeds the order was not and will not be carried out. What is
//! `taken` when a runner dies is taken again by the next, since every order may be carried out twice. Nothing is
//! flushed: after a power cut nobody waits for an answer. What nobody fetched in ten minutes is removed.

mod client;
pub(in crate::spool) mod order;
mod server;

pub use client::PendingRequest;
pub use server::TakenRequest;

use crate::spool::disk::{Access, Disk, Facts, Io, Kind, Place};
use crate::system::random::random_bytes;
use rustix::io::Errno;
use std::ffi::OsStr;

/// Longest request or answer.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// Requests and answers are their owner's alone.
const MODE: u32 = 0o600;

/// Writes a file under another name, and gives it its own when it is whole.
fn place<D: Disk>(disk: &D, name: &str, content: &[u8]) -> Io<()> {
    let fresh = format!("{}.new", hex::encode(random_bytes::<8>()?));
    let file = disk.create(Place::Control, fresh.as_ref(), MODE)?;
    let placed = disk.write_all_at(&file, content, 0).and_then(|()| rename(disk, &fresh, name));
    if placed.is_err() {
        let _ = remove(disk, fresh.as_ref());
    }
    placed
}

/// The content of a file, if it is one that its writer may have put there: `None` for anything else.
fn read<D: Disk>(disk: &D, name: &str, may_own: impl Fn(Facts) -> bool) -> Io<Option<Vec<u8>>> {
    let file = match disk.open(Place::Control, name.as_ref(), Access::Read) {
        Err(Errno::LOOP | Errno::NXIO | Errno::NODEV | Errno::ISDIR | Errno::AGAIN | Errno::ACCESS) => return Ok(None),
        other => other?,
    };
    let facts = disk.facts(&file)?;
    let size = usize::try_from(facts.size).unwrap_or(usize::MAX);
    if facts.kind != Kind::Regular || facts.links != 1 || !may_own(facts) || size > LIMIT_BYTES {
        return Ok(None);
    }
    let mut bytes = vec![0; size];
    let filled = disk.read_full_at(&file, &mut bytes, 0)?;
    bytes.truncate(filled);
    Ok(Some(bytes))
}

fn rename<D: Disk>(disk: &D, from: &str, to: &str) -> Io<()> {
    disk.rename((Place::Control, from.as_ref()), (Place::Control, to.as_ref()))
}

fn remove<D: Disk>(disk: &D, name: &OsStr) -> Io<()> {
    disk.remove(Place::Control, name, Kind::Regular)
}
