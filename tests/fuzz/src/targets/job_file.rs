//! The job's file and its history: what a receiver writes is read back, and any change to it is noticed.

use hookspool::model::{EventKind, JobId, JobMeta, RefName};
use hookspool::spool::{History, probe};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Longest note that is made from an input.
const NOTE_CHARS: usize = 200;

pub fn run(input: &[u8]) {
    let id = JobId::new(1_795_332_869_123_456_789, 0x3f9a_1c2e).expect("19 digits");
    as_a_file(id, input);
    as_a_payload(id, input);
    as_a_description(id, input);
    let history = History::parse(input);
    let _ = (history.state(), history.outcome(), history.reason(), history.wait(), history.attempts());
    assert!(history.attempts_since_release() <= history.attempts());
}

/// A file by anybody: if it counts as whole, no byte of it may be another.
fn as_a_file(id: JobId, file: &[u8]) {
    if probe::claimed(id, file).is_ok() {
        flipped_is_refused(id, file, file.len() / 2);
        flipped_is_refused(id, file, file.len() - 3);
    }
}

/// A file of ours around any payload.
fn as_a_payload(id: JobId, payload: &[u8]) {
    let meta = meta(payload);
    let file = probe::written(id, &meta, payload);
    assert_eq!(probe::claimed(id, &file), Ok(meta), "what was written is not what is read");
    let sum: usize = payload.iter().map(|&b| usize::from(b)).sum();
    flipped_is_refused(id, &file, sum % file.len());
    let other = JobId::new(id.sequence(), 1).expect("19 digits");
    assert!(probe::claimed(other, &file).is_err(), "one job passed for another");
    assert!(probe::claimed(id, &file[..file.len() - 1]).is_err(), "a cut file was whole");
}

/// A file of ours with any text in every member: whole if a delivery could have told it, and nothing otherwise.
fn as_a_description(id: JobId, input: &[u8]) {
    let text = text(input);
    let meta = JobMeta {
        event: EventKind::Other(format!("x{text}")),
        repository: Some(text.clone()),
        pusher: Some(text.clone()),
        delivery: Some(text),
        ..meta(input)
    };
    let read = probe::claimed(id, &probe::written(id, &meta, input)).ok();
    let is_possible = meta.impossible_member().is_none();
    assert_eq!(read, is_possible.then_some(meta), "only what a delivery could have told is read");
}

fn flipped_is_refused(id: JobId, file: &[u8], at: usize) {
    let mut damaged = file.to_vec();
    damaged[at] ^= 1;
    assert!(probe::claimed(id, &damaged).is_err(), "byte {at} does not matter");
}

fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).chars().take(NOTE_CHARS).collect()
}

/// The worst description that a delivery could bring about.
fn meta(input: &[u8]) -> JobMeta {
    let text = text(input);
    JobMeta {
        reference: RefName::branch_named(&text),
        after: Some("0123456789abcdef0123456789abcdef01234567".into()),
        note: Some(text.clone()),
        headers: BTreeMap::from([("user-agent".to_owned(), text)]),
        ..JobMeta::new("docs", "github", EventKind::Push, Timestamp::UNIX_EPOCH)
    }
}
