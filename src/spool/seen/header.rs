//! Pure. The header of a ring: the number of the next delivery, the counters, and since when they count.

use super::result::{DeliveryResult, SeenCounts};
use super::{CHECK_BYTES, seal, unsealed};
use jiff::Timestamp;

/// The first bytes of what the check covers: what this file is.
const MAGIC: &[u8; 8] = b"seen 1\n\0";
/// Length of what is used of it.
pub(super) const USED_BYTES: usize = CHECK_BYTES + MAGIC.len() + 8 + 8 + 8 * DeliveryResult::ALL.len();

/// The header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RingHeader {
    /// Number of the next delivery.
    pub(super) next: u64,
    /// Since when the counters count.
    pub(super) since: Timestamp,
    pub(super) counts: SeenCounts,
}

impl RingHeader {
    pub(super) fn to_bytes(&self) -> [u8; USED_BYTES] {
        let mut bytes = [0; USED_BYTES];
        let since = self.since.as_microsecond().to_le_bytes();
        let counters = self.counts.iter().map(|(_, count)| count.to_le_bytes());
        let words = [*MAGIC, self.next.to_le_bytes(), since].into_iter().chain(counters);
        for (chunk, word) in bytes[CHECK_BYTES..].chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word);
        }
        seal(&mut bytes);
        bytes
    }

    /// The header in `bytes`; `None` for one that is missing or torn.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let content = unsealed(bytes.get(..USED_BYTES)?)?.strip_prefix(MAGIC)?;
        let mut words = content.as_chunks::<8>().0.iter().copied();
        let next = u64::from_le_bytes(words.next()?);
        let since = Timestamp::from_microsecond(i64::from_le_bytes(words.next()?)).ok()?;
        let mut counts = SeenCounts::default();
        for (result, word) in DeliveryResult::ALL.into_iter().zip(words) {
            counts.add(result, u64::from_le_bytes(word));
        }
        Some(Self { next, since, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_any_other_bit_is_noticed() {
        let mut counts = SeenCounts::default();
        counts.add(DeliveryResult::Queued, 3);
        counts.add(DeliveryResult::Error, u64::MAX);
        let header = RingHeader { next: 9, since: "2026-01-31T12:00:00Z".parse().unwrap(), counts };
        let bytes = header.to_bytes();
        assert_eq!(RingHeader::of_bytes(&bytes), Some(header));
        for bit in 0..USED_BYTES * 8 {
            let mut torn = bytes;
            torn[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(RingHeader::of_bytes(&torn), None, "bit {bit}");
        }
        assert_eq!(RingHeader::of_bytes(&[0; 1024]), None);
    }
}
