//! Pure. The content of a journal: the records that count, and whether any is missing.

use super::record::{RECORD_LIMIT_BYTES, Record, SECTOR_BYTES};
use std::collections::BTreeMap;

/// The findings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::spool) struct Reading {
    /// Those that count, in the order in which they were written.
    pub(in crate::spool) records: Vec<Record>,
    /// The gap among them, if there is one.
    pub(in crate::spool) damage: Option<String>,
    /// The generation that was written last, and that from which on records count.
    pub(in crate::spool) generation: u64,
    pub(in crate::spool) since: u64,
    /// The end of the last record in its half.
    pub(in crate::spool) end: usize,
    /// Number of records of the last generation.
    pub(in crate::spool) count: u32,
}

/// A whole record, and where it ends.
struct WholeRecord {
    record: Record,
    end: usize,
}

impl Reading {
    /// Reads both halves.
    pub(in crate::spool) fn of(halves: [&[u8]; 2]) -> Self {
        let mut generations: BTreeMap<u64, BTreeMap<u32, WholeRecord>> = BTreeMap::new();
        for (at, half) in halves.into_iter().enumerate() {
            for found in whole(half) {
                let generation = found.record.generation;
                if half_of(generation) == at {
                    generations.entry(generation).or_default().insert(found.record.index, found);
                }
            }
        }
        let all = || generations.values().flat_map(BTreeMap::values);
        let since = all().map(|found| found.record.since).max().unwrap_or(0);
        let Some((&generation, last)) = generations.last_key_value() else {
            return Self { damage: unreadable(halves), ..Self::default() };
        };
        let (count, end) = last.last_key_value().map_or((0, 0), |(index, found)| (index + 1, found.end));
        let damage = damage(&generations, since);
        let records = generations.split_off(&since).into_values().flat_map(BTreeMap::into_values);
        let records = records.map(|found| found.record).filter(|record| record.addition.is_some()).collect();
        Self { records, damage, generation, since, end, count }
    }
}

/// The half in which a generation is written.
pub(in crate::spool) fn half_of(generation: u64) -> usize {
    usize::from(generation % 2 == 1)
}

/// A journal without a whole record is new, or its very first one was torn: that of generation 1.
fn unreadable([even, odd]: [&[u8]; 2]) -> Option<String> {
    let rest = odd.get(RECORD_LIMIT_BYTES..).unwrap_or_default();
    let is_used = even.iter().chain(rest).any(|&byte| byte != 0);
    is_used.then(|| "it holds no whole record".to_owned())
}

/// Every whole record, of whatever generation.
fn whole(half: &[u8]) -> Vec<WholeRecord> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < half.len() {
        match Record::parse(&half[at..]) {
            Some((record, bytes)) => {
                at += bytes;
                found.push(WholeRecord { record, end: at });
            }
            None => at += SECTOR_BYTES,
        }
    }
    found
}

/// A record that is missing before another one. That the very last was torn cannot be told from that it was never
/// written, and need not be: nothing had followed from it.
fn damage(generations: &BTreeMap<u64, BTreeMap<u32, WholeRecord>>, since: u64) -> Option<String> {
    let last = *generations.keys().next_back()?;
    for generation in since..=last {
        let of_it = generations.get(&generation);
        let has = |index: u32| of_it.is_some_and(|of_it| of_it.contains_key(&index));
        let next = generations.get(&(generation + 1)).and_then(|next| next.values().next());
        let highest = of_it.and_then(|of_it| of_it.keys().next_back()).map_or(0, |index| index + 1);
        let count = next.map_or(highest, |next| next.record.before);
        if let Some(index) = (0..count.max(highest)).find(|&index| !has(index)) {
            return Some(format!("record {index} of generation {generation} is missing before others"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    /// A half with these records, one a sector, and room for more.
    fn half(records: &[Record]) -> Vec<u8> {
        let mut bytes: Vec<u8> = records.iter().flat_map(Record::to_bytes).collect();
        bytes.resize(8 * SECTOR_BYTES, 0);
        bytes
    }

    fn numbers(reading: &Reading) -> Vec<(u64, u32)> {
        reading.records.iter().map(|record| (record.generation, record.index)).collect()
    }

    #[test]
    fn records_count_from_the_generation_that_the_newest_names() {
        assert_eq!(Reading::of([&[0; 4096], &[0; 4096]]), Reading::default());
        let odd = half(&[record(1, 0), record(1, 1)]);
        let next = Record { since: 1, before: 2, ..record(2, 0) };
        let reading = Reading::of([&half(std::slice::from_ref(&next)), &odd]);
        assert_eq!((numbers(&reading), reading.damage), (vec![(1, 0), (1, 1), (2, 0)], None));
        let mark = Record { addition: None, before: 2, ..record(2, 1) };
        let reading = Reading::of([&half(&[next, mark]), &odd]);
        assert_eq!((numbers(&reading), reading.damage), (vec![(2, 0)], None));
        assert_eq!((reading.generation, reading.since, reading.count, reading.end), (2, 2, 2, 1024));
    }

    #[test]
    fn a_record_of_an_earlier_use_of_the_half_never_counts() {
        let old = half(&[record(1, 0), record(1, 1), record(1, 2)]);
        let new = half(&[record(3, 0)]);
        let used_again = [&new[..SECTOR_BYTES], &old[SECTOR_BYTES..]].concat();
        let reading = Reading::of([&half(&[]), &used_again]);
        assert_eq!((numbers(&reading), reading.damage), (vec![(3, 0)], None));
    }

    #[test]
    fn a_torn_last_record_is_none_and_one_before_another_is_damage() {
        let mut torn = half(&[record(1, 0), record(1, 1), record(1, 2)]);
        torn[2 * SECTOR_BYTES + 20] ^= 1;
        assert_eq!(numbers(&Reading::of([&half(&[]), &torn])), [(1, 0), (1, 1)]);
        torn[SECTOR_BYTES + 20] ^= 1;
        let next = Record { since: 1, before: 3, ..record(2, 0) };
        for even in [half(&[]), half(&[next])] {
            torn[2 * SECTOR_BYTES + 20] ^= 1;
            let reading = Reading::of([&even, &torn]);
            assert!(reading.damage.unwrap().starts_with("record 1 of generation 1 "));
        }
    }

    #[test]
    fn a_half_that_ends_before_the_other_says_is_damage() {
        let next = Record { since: 1, before: 2, ..record(2, 0) };
        for odd in [half(&[record(1, 0)]), half(&[])] {
            let reading = Reading::of([&half(std::slice::from_ref(&next)), &odd]);
            assert!(reading.damage.unwrap().contains("of generation 1 is missing"));
        }
    }
}
