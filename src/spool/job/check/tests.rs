//! Edge. Damage of every kind to a job's file, and what is said of it.

use super::*;
use crate::model::{EventKind, State};
use crate::spool::append::inbox::Inbox;
use crate::spool::disk::{Access, Place};
use crate::spool::fake::FakeDisk;
use std::collections::BTreeMap;
use std::io::Read;

fn meta() -> JobMeta {
    let event = EventKind::Other("ping".to_owned());
    JobMeta {
        note: Some("a \"quoted\"\n".to_owned()),
        after: Some("0123456789".repeat(4)),
        repository: Some("me/dócs".to_owned()),
        delivery: Some("d".to_owned()),
        headers: BTreeMap::from([("user-agent".to_owned(), "x\u{7f}".to_owned())]),
        ..JobMeta::new("docs", "github", event, jiff::Timestamp::new(1_767_225_600, 5).unwrap())
    }
}

/// The bytes of a job with this payload.
fn file_of(payload: &[u8]) -> (JobId, Vec<u8>) {
    file_with(&meta(), payload)
}

fn file_with(meta: &JobMeta, payload: &[u8]) -> (JobId, Vec<u8>) {
    let disk = FakeDisk::with_spool();
    let mut draft = Inbox::on(disk.clone()).unwrap().draft().unwrap();
    draft.write(payload).unwrap();
    let id = draft.commit(meta).unwrap();
    let file = disk.open(Place::In(State::Queued), format!("{id}.job").as_ref(), Access::Read).unwrap();
    let mut bytes = vec![0; usize::try_from(disk.facts(&file).unwrap().size).unwrap()];
    disk.read_full_at(&file, &mut bytes, 0).unwrap();
    (id, bytes)
}

fn verdict(id: JobId, bytes: &[u8]) -> Result<Whole, String> {
    let disk = FakeDisk::with_spool();
    let file = disk.create(Place::Tmp, "x".as_ref(), 0o640).unwrap();
    disk.write_all_at(&file, bytes, 0).unwrap();
    check(&disk, &file, bytes.len() as u64, id).map_err(|damage| match damage {
        Damage::Found(reason) => reason,
        Damage::Disk(errno) => panic!("{errno}"),
    })
}

#[test]
fn a_whole_file_gives_back_what_was_put_in() {
    for payload in [&b""[..], b"\n", b"\n\n{\"seal\":\"\"}\n", &vec![0xff; 200_000]] {
        let (id, bytes) = file_of(payload);
        let whole = verdict(id, &bytes).unwrap();
        assert_eq!((whole.meta, whole.length), (meta(), payload.len() as u64));
        assert_eq!(&bytes[..payload.len()], payload);
    }
}

#[test]
fn every_flipped_bit_pattern_of_every_byte_is_detected() {
    let (id, bytes) = file_of(b"{\"ref\":\"refs/heads/main\"}\nsecond line");
    for at in 0..bytes.len() {
        for pattern in [0x01, 0x20, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= pattern;
            assert!(verdict(id, &damaged).is_err(), "byte {at} ^ {pattern:#x} of {}", bytes.len());
        }
    }
}

#[test]
fn every_cut_every_zeroed_sector_and_every_addition_is_detected() {
    let (id, bytes) = file_of(&[b'x'; 2048]);
    for length in 0..bytes.len() {
        assert!(verdict(id, &bytes[..length]).is_err(), "cut to {length} bytes");
    }
    for sector in 0..bytes.len().div_ceil(512) {
        let mut damaged = bytes.clone();
        let end = bytes.len().min((sector + 1) * 512);
        damaged[sector * 512..end].fill(0);
        assert!(verdict(id, &damaged).is_err(), "sector {sector} zeroed");
    }
    for addition in [&b"\n"[..], b"\0", b"{}\n", b"x"] {
        assert!(verdict(id, &[&bytes, addition].concat()).is_err(), "{addition:?} added");
        assert!(verdict(id, &[addition, &bytes].concat()).is_err(), "{addition:?} put before");
    }
}

#[test]
fn a_damaged_file_is_told_what_is_wrong_with_it() {
    let (id, bytes) = file_of(b"payload");
    let other = JobId::new(7, 7).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let rows: [(Vec<u8>, JobId, &str); 7] = [
        (bytes.clone(), other, &format!("it says that it is job {id}")),
        (text.replace("payload\n", "paylood\n").into(), id, "its payload has another SHA-256 than its last line says"),
        (text.replace("payload\n", "payloads\n").into(), id, "its payload is not 7 bytes long"),
        (text.replace("\"docs\"", "\"cods\"").into(), id, "its seal does not fit its content"),
        (text.replace("\"version\":1", "\"version\":2").into(), id, "its format is version 2, this program knows 1"),
        (text.trim_end().into(), id, "it does not end with a line feed"),
        ([vec![b'x'; 70_000], vec![b'\n']].concat(), id, "its last line is too long, or the only one"),
    ];
    for (file, id, reason) in rows {
        assert_eq!(verdict(id, &file).unwrap_err(), reason);
    }
}

/// Anybody can compute a seal: it says nothing of where a job comes from.
#[test]
fn a_sealed_file_with_values_that_no_delivery_could_have_told_is_damaged() {
    let rows = [
        ("after", JobMeta { after: Some("--help".to_owned()), ..meta() }),
        ("event", JobMeta { event: EventKind::Other("a\u{1b}b".to_owned()), ..meta() }),
        ("pusher", JobMeta { pusher: Some("a\nb".to_owned()), ..meta() }),
    ];
    for (member, meta) in rows {
        let (id, bytes) = file_with(&meta, b"payload");
        let reason = format!("its `{member}` is none that a delivery could have told");
        assert_eq!(verdict(id, &bytes).unwrap_err(), reason);
    }
}

#[test]
fn a_description_that_does_not_fit_its_line_is_refused_before_it_is_written() {
    let disk = FakeDisk::with_spool();
    let inbox = Inbox::on(disk.clone()).unwrap();
    let mut too_long = meta();
    too_long.headers.insert("x".to_owned(), "y".repeat(65_536));
    let refused = inbox.draft().unwrap().commit(&too_long).unwrap_err().to_string();
    assert!(refused.starts_with("the job's description takes 66"), "{refused}");
    let mut names = 0;
    disk.entries(Place::Tmp, &mut |_, _| names += 1).unwrap();
    assert_eq!(names, 0);
}

#[test]
fn a_payload_that_changes_after_the_check_ends_in_an_error() {
    let disk = FakeDisk::with_spool();
    let (id, bytes) = file_of(b"as it was checked");
    let file = disk.create(Place::Tmp, "x".as_ref(), 0o640).unwrap();
    disk.write_all_at(&file, &bytes, 0).unwrap();
    let whole = check(&disk, &file, bytes.len() as u64, id).unwrap();
    let read = || {
        let mut text = String::new();
        PayloadReader::new(&disk, &file, &whole).read_to_string(&mut text).map(|_| text)
    };
    assert_eq!(read().unwrap(), "as it was checked");
    disk.write_all_at(&file, b"AS", 0).unwrap();
    assert_eq!(read().unwrap_err().kind(), io::ErrorKind::InvalidData);
}
