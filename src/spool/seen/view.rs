//! Edge. The people's side of a ring: read without its lock, beside receivers that write.

use super::delivery::SeenDelivery;
use super::result::{DeliveryResult, SeenCounts};
use super::{RECORDS, ring, ring_name};
use crate::spool::disk::version;
use crate::spool::disk::{Access, Disk, Kind, Place};
use crate::spool::error::SpoolError;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::path::Path;

/// The deliveries to one hook, or those that named none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last ones, at most 128, the oldest first.
    pub deliveries: Vec<SeenDelivery>,
    /// All of them, by result.
    pub counts: SeenCounts,
    /// Since when they are counted; `None`: none has arrived.
    pub since: Option<Timestamp>,
}

/// The last deliveries, as far as they had the same result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Streak<'a> {
    /// Their number.
    pub count: usize,
    /// `true` if there may have been more than are kept.
    pub is_longer: bool,
    /// The last of them.
    pub last: &'a SeenDelivery,
}

impl Seen {
    /// The last delivery.
    pub fn last(&self) -> Option<&SeenDelivery> {
        self.deliveries.last()
    }

    /// The last deliveries, as far as they had the same result.
    pub fn streak(&self) -> Option<Streak<'_>> {
        let last = self.last()?;
        let count = self.deliveries.iter().rev().take_while(|delivery| delivery.result == last.result).count();
        Some(Streak { count, is_longer: count as u64 == RECORDS, last })
    }

    /// `nothing has ever arrived`, `queued 34e0f004, 2m ago`, `3 refused, 2m ago: signature wrong`; `age` says how long
    /// ago a time was, such as `2m`.
    pub fn headline(&self, age: impl Fn(Timestamp) -> String) -> String {
        let Some(Streak { count, is_longer, last }) = self.streak() else {
            return "nothing has ever arrived".to_owned();
        };
        let word = match last.result {
            DeliveryResult::Queued | DeliveryResult::Pong => return format!("{}, {} ago", last.words(), age(last.at)),
            DeliveryResult::Ignored => "ignored".to_owned(),
            DeliveryResult::Error => format!("answered {}", last.status.unwrap_or(500)),
            _ => "refused".to_owned(),
        };
        let more = if is_longer { "+" } else { "" };
        let many = if count == 1 { String::new() } else { format!("{count}{more} ") };
        let why = if last.told.is_empty() { String::new() } else { format!(": {}", last.told) };
        format!("{many}{word}, {} ago{why}", age(last.at))
    }
}

/// The deliveries to `hook`, or those that named none. Empty if none has arrived; an error where that cannot be told.
pub fn seen(root: &Path, hook: Option<&str>) -> Result<Seen, SpoolError> {
    let disk = version::open(root)?;
    disk.hold(Place::Seen).map_err(|e| SpoolError::call("list", root.join(Place::Seen.as_str()), e))?;
    let Some(name) = ring_name(hook) else { return Ok(Seen::default()) };
    read(&disk, name)
}

/// Reads of a header that is being written at the same time may be torn.
const TRIES: usize = 5;

fn read<D: Disk>(disk: &D, name: &OsStr) -> Result<Seen, SpoolError> {
    let error = |e| SpoolError::call("read", disk.path(Place::Seen, name), e);
    let strange = || SpoolError::Strange { path: disk.path(Place::Seen, name) };
    let file = match disk.open(Place::Seen, name, Access::Read) {
        Err(Errno::NOENT) => return Ok(Seen::default()),
        Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => return Err(strange()),
        other => other.map_err(error)?,
    };
    if disk.facts(&file).map_err(error)?.kind != Kind::Regular {
        return Err(strange());
    }
    let mut header = None;
    for _ in 0..TRIES {
        header = ring::header(disk, &file).map_err(error)?;
        if header.is_some() {
            break;
        }
    }
    let deliveries = ring::records(disk, &file).map_err(error)?.into_iter().map(|(_, delivery)| delivery).collect();
    let (counts, since) = header.map_or_else(Default::default, |header| (header.counts, Some(header.since)));
    Ok(Seen { deliveries, counts, since })
}

#[cfg(test)]
mod tests {
    use super::super::delivery::tests::delivery;
    use super::*;

    fn of(results: &[DeliveryResult]) -> String {
        let delivery = |&result| SeenDelivery { result, ..delivery("d") };
        let seen = Seen { deliveries: results.iter().map(delivery).collect(), ..Seen::default() };
        seen.headline(|_| "2m".to_owned())
    }

    #[test]
    fn the_headline_tells_of_the_last_deliveries_that_ended_alike() {
        use DeliveryResult::{Error, Ignored, Pong, Queued, RefusedSignature};
        assert_eq!(of(&[]), "nothing has ever arrived");
        assert_eq!(of(&[RefusedSignature, Queued]), "queued, 2m ago");
        assert_eq!(of(&[Pong]), "pong, 2m ago");
        assert_eq!(of(&[Queued, Ignored]), "ignored, 2m ago: signature wrong");
        assert_eq!(of(&[Queued, RefusedSignature, RefusedSignature]), "2 refused, 2m ago: signature wrong");
        assert_eq!(of(&[Error]), "answered 403, 2m ago: signature wrong");
        assert_eq!(of(&[RefusedSignature; 128]), "128+ refused, 2m ago: signature wrong");
    }
}
