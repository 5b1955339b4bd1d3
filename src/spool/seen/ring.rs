//! Edge. One ring on a disk: opened or made, and written to under its lock.

use super::batch::Batch;
use super::delivery::SeenDelivery;
use super::header::{RingHeader, USED_BYTES};
use super::result::SeenCounts;
use super::{HEADER_BYTES, RECORD_BYTES, RECORDS, RING_BYTES, offset_of};
use crate::spool::disk::{Access, Disk, Facts, Io, Kind, Place, SHARED_MODE};
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::OsStr;

/// Opens the ring `name` for writing, or makes it. An error for anything that a receiver of this spool did not make.
pub(super) fn open<D: Disk>(disk: &D, name: &OsStr) -> Io<D::File> {
    let file = match disk.open(Place::Seen, name, Access::Write) {
        Err(Errno::NOENT) => make(disk, name)?,
        other => other?,
    };
    let (facts, above) = (disk.facts(&file)?, disk.facts_at(Place::Seen, OsStr::new("."))?);
    let is_ours = facts.uid == above.uid || facts.gid == above.gid || facts.uid == our_uid();
    let is_ring = facts.kind == Kind::Regular && facts.links == 1 && facts.size <= RING_BYTES;
    if is_ours && is_ring { Ok(file) } else { Err(Errno::PERM) }
}

fn our_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn make<D: Disk>(disk: &D, name: &OsStr) -> Io<D::File> {
    match disk.create(Place::Seen, name, SHARED_MODE) {
        Err(Errno::EXIST) => disk.open(Place::Seen, name, Access::Write),
        other => other,
    }
}

/// Adds a batch. The caller holds the lock of `file`.
pub(super) fn append<D: Disk>(disk: &D, file: &D::File, batch: &Batch) -> Io<()> {
    let mut header = match header(disk, file)? {
        Some(header) => header,
        None => begin(disk, file, batch.since)?,
    };
    header.counts.add_all(&batch.counts);
    for delivery in &batch.last {
        disk.write_all_at(file, &delivery.to_record(header.next), offset_of(header.next))?;
        header.next = header.next.wrapping_add(1);
    }
    disk.write_all_at(file, &header.to_bytes(), 0)
}

/// The header of a ring that has none, or whose header was torn: its length is made whole, and counting begins anew.
fn begin<D: Disk>(disk: &D, file: &D::File, since: Option<Timestamp>) -> Io<RingHeader> {
    let Facts { size, .. } = disk.facts(file)?;
    if size < RING_BYTES {
        let missing = usize::try_from(RING_BYTES - size).unwrap_or_default();
        disk.write_all_at(file, &vec![0; missing], size)?;
    }
    let next = records(disk, file)?.last().map_or(0, |(number, _)| number.wrapping_add(1));
    let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(RingHeader { next, since, counts: SeenCounts::default() })
}

/// The deliveries of a ring with their numbers, in order; those that are torn, or older than the ring is long, are left
/// out.
pub(super) fn records<D: Disk>(disk: &D, file: &D::File) -> Io<Vec<(u64, SeenDelivery)>> {
    let mut bytes = vec![0; usize::try_from(RING_BYTES).unwrap_or_default() - HEADER_BYTES];
    let filled = disk.read_full_at(file, &mut bytes, HEADER_BYTES as u64)?;
    let places = (0..RECORDS).zip(bytes[..filled].chunks_exact(RECORD_BYTES));
    let mut records: Vec<_> = places.filter_map(|(place, record)| SeenDelivery::of_record(record, place)).collect();
    records.sort_unstable_by_key(|(number, _)| *number);
    let newest = records.last().map_or(0, |(number, _)| *number);
    records.retain(|(number, _)| newest - number < RECORDS);
    Ok(records)
}

/// The header of a ring; `None` for one that has none, or is torn.
pub(super) fn header<D: Disk>(disk: &D, file: &D::File) -> Io<Option<RingHeader>> {
    let mut bytes = [0; USED_BYTES];
    let filled = disk.read_full_at(file, &mut bytes, 0)?;
    Ok(RingHeader::of_bytes(&bytes[..filled]))
}

#[cfg(test)]
mod tests {
    use super::super::delivery::tests::delivery;
    use super::*;
    use crate::spool::DeliveryResult;
    use crate::spool::disk::real::RealDisk;
    use tempfile::TempDir;

    fn spool() -> (TempDir, RealDisk) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("spool");
        crate::spool::create(&root).unwrap();
        (dir, RealDisk::open(&root).unwrap())
    }

    fn kept(disk: &RealDisk) -> Vec<String> {
        let file = disk.open(Place::Seen, OsStr::new("docs"), Access::Read).unwrap();
        records(disk, &file).unwrap().into_iter().map(|(_, delivery)| delivery.delivery.unwrap()).collect()
    }

    fn add(disk: &RealDisk, words: &[String]) {
        let mut batch = Batch::default();
        for word in words {
            batch.push(delivery(word));
        }
        append(disk, &open(disk, OsStr::new("docs")).unwrap(), &batch).unwrap();
    }

    #[test]
    fn a_ring_is_whole_from_the_first_delivery_on_and_keeps_the_last_128() {
        let (dir, disk) = spool();
        let words: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let size = || std::fs::metadata(dir.path().join("spool/seen/docs")).unwrap().len();
        add(&disk, &words[..1]);
        assert_eq!((kept(&disk), size()), (words[..1].to_vec(), 65_536));
        add(&disk, &words[1..700]);
        words[700..].chunks(7).for_each(|chunk| add(&disk, chunk));
        assert_eq!((kept(&disk), size()), (words[872..].to_vec(), 65_536));
        let header = header(&disk, &open(&disk, OsStr::new("docs")).unwrap()).unwrap().unwrap();
        assert_eq!((header.next, header.counts.of(DeliveryResult::RefusedSignature)), (429, 1000));
    }

    #[test]
    fn a_torn_record_is_passed_over_and_a_torn_header_begins_to_count_anew() {
        let (_dir, disk) = spool();
        let words: Vec<String> = (0..5).map(|number| number.to_string()).collect();
        add(&disk, &words[..4]);
        let file = open(&disk, OsStr::new("docs")).unwrap();
        disk.write_all_at(&file, b"torn", offset_of(2) + 100).unwrap();
        disk.write_all_at(&file, b"torn", 10).unwrap();
        assert_eq!((kept(&disk).join(" "), header(&disk, &file).unwrap()), ("0 1 3".to_owned(), None));
        add(&disk, &words[4..]);
        assert_eq!(kept(&disk).join(" "), "0 1 3 4");
        let header = header(&disk, &file).unwrap().unwrap();
        assert_eq!((header.next, header.counts.total(), header.since), (5, 1, delivery("4").at));
    }

    #[test]
    fn a_ring_that_was_cut_short_is_made_whole() {
        let (dir, disk) = spool();
        let path = dir.path().join("spool/seen/docs");
        for length in [0, 1, 2000] {
            std::fs::File::create(&path).unwrap().set_len(length).unwrap();
            add(&disk, &["a".to_owned()]);
            assert_eq!((kept(&disk).join(" "), std::fs::metadata(&path).unwrap().len()), ("a".to_owned(), 65_536));
        }
    }
}
