//! What does not belong in `queued/`: never followed, never waited for, never run, and out of the way afterwards.

use crate::spool::append::{meta, names};
use crate::spool::owner::{append, at, claim};
use hookspool::model::{JobId, State};
use hookspool::spool::{Claimed, Inbox, SpoolOwner, history_path, job_path, show};
use rustix::fs::{CWD, FileType, Mode, makedev, mkfifoat, mknodat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Puts a hostile entry in place.
type Plant = fn(&Path);

/// Entries that can bear any name.
const ANY_NAME: [(&str, Plant); 6] = [
    ("a link to a file", |path| symlink("/etc/passwd", path).unwrap()),
    ("a dangling link", |path| symlink("/nowhere", path).unwrap()),
    ("a fifo", |path| mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap()),
    ("a socket", |path| drop(std::os::unix::net::UnixListener::bind(path).unwrap())),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a device", |path| {
        if is_root() {
            mknodat(CWD, path, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, makedev(1, 8)).unwrap();
        } else {
            symlink("/dev/random", path).unwrap();
        }
    }),
];

#[test]
fn whatever_is_no_file_is_put_away_under_a_job_s_name_and_under_any_other() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let queued = home.path().join("queued");
    for (n, (_, plant)) in (0_u64..).zip(ANY_NAME) {
        plant(&job_path(home.path(), State::Queued, JobId::new(n, 0).unwrap()));
        plant(&history_path(home.path(), State::Queued, JobId::new(n + 100, 0).unwrap()));
        plant(&queued.join(format!("entry {n}")));
    }
    let id = append(home.path(), 1);
    let scan = owner.scan(at(1)).unwrap();
    assert_eq!(scan.jobs, [id]);
    assert_eq!(scan.problems.len(), 3 * ANY_NAME.len(), "{:#?}", scan.problems);
    assert_eq!(names(&queued), [format!("{id}.job")]);
    assert_eq!(names(&home.path().join("corrupt")).len(), 2 * 3 * ANY_NAME.len());
    assert_eq!(claim(&owner, id).id(), id);
}

#[test]
fn a_claim_that_meets_no_file_neither_follows_nor_waits() {
    for (what, plant) in ANY_NAME {
        let home = tempfile::tempdir().unwrap();
        let owner = SpoolOwner::lock(home.path()).unwrap();
        let id = JobId::new(1, 0).unwrap();
        plant(&job_path(home.path(), State::Queued, id));
        let claimed = owner.claim(id, at(1)).unwrap();
        assert!(matches!(claimed, Claimed::Corrupt { .. }), "{what}: {claimed:?}");
        assert_eq!(names(&home.path().join("corrupt")), [format!("{id}.events"), format!("{id}.job")], "{what}");
        for place in ["queued", "running"] {
            assert_eq!(names(&home.path().join(place)), [""; 0], "{what}");
        }
    }
}

#[test]
fn names_of_any_bytes_are_put_away_under_safe_ones() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let queued = home.path().join("queued");
    let long = [b'x'; 255];
    let odd: [&[u8]; 6] = [b"two\nlines", b"\xff\xfe", b"-rf", b".hidden", &long, b"0000000000000000001.0000000G.job"];
    for name in odd {
        fs::write(queued.join(OsStr::from_bytes(name)), "x").unwrap();
    }
    assert_eq!(owner.scan(at(1)).unwrap().problems.len(), odd.len());
    assert_eq!(names(&queued), [""; 0]);
    let safe = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let kept = names(&home.path().join("corrupt"));
    assert!(kept.len() == 2 * odd.len() && kept.iter().all(|n| n.len() < 100 && n.chars().all(safe)), "{kept:?}");
    let reasons: String = kept
        .iter()
        .filter(|n| n.ends_with(".events"))
        .map(|n| fs::read_to_string(home.path().join("corrupt").join(n)).unwrap())
        .collect();
    assert!(reasons.contains(r#"found as \"two\\nlines\" in queued/: neither a job nor a history"#), "{reasons}");
}

fn reason_of(owner: &SpoolOwner, id: JobId) -> String {
    match owner.claim(id, at(1)).unwrap() {
        Claimed::Corrupt { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hard_link_a_giant_a_stranger_s_file_and_a_damaged_one_are_not_run() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let job = |id| job_path(home.path(), State::Queued, id);
    let [linked, giant, damaged, strange] = [1, 2, 3, 4].map(|second| append(home.path(), second));
    fs::hard_link(job(linked), home.path().join("tmp/second-name")).unwrap();
    fs::OpenOptions::new().write(true).open(job(giant)).unwrap().set_len(1 << 40).unwrap();
    fs::write(job(damaged), "{}\n").unwrap();
    assert_eq!(reason_of(&owner, linked), "it has 2 names");
    assert_eq!(reason_of(&owner, giant), "it is 1099511627776 bytes long, and payloads are limited to 268435456");
    assert_eq!(reason_of(&owner, damaged), "its last line is too long, or the only one");
    if is_root() {
        std::os::unix::fs::chown(job(strange), Some(4242), Some(4343)).unwrap();
        assert_eq!(reason_of(&owner, strange), "it belongs to user 4242 and group 4343, strangers here");
    }
    let shown = show(home.path(), damaged).unwrap().unwrap();
    assert_eq!((shown.view.state, shown.meta), (State::Corrupt, None));
    assert_eq!(shown.view.reason.as_deref(), Some("its last line is too long, or the only one"));
}

#[test]
fn a_payload_over_the_runner_s_limit_is_put_away() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    owner.limit_payload(1000);
    let mut draft = Inbox::open(home.path()).unwrap().draft().unwrap();
    draft.write(&vec![b'x'; 70_000]).unwrap();
    let id = draft.commit(&meta("docs", 1)).unwrap();
    assert!(reason_of(&owner, id).ends_with("and payloads are limited to 1000"));
}

#[test]
fn a_second_file_with_a_running_job_s_name_touches_nothing() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = append(home.path(), 1);
    let running = claim(&owner, id);
    fs::write(job_path(home.path(), State::Queued, id), "forged").unwrap();
    assert!(matches!(owner.claim(id, at(1)).unwrap(), Claimed::Gone));
    assert_eq!(names(&home.path().join("queued")), [""; 0]);
    let settled = running.settle(hookspool::spool::Settlement::Held { reason: "x".into() }, at(2)).unwrap();
    assert_eq!(settled, State::Held);
    assert_eq!(names(&home.path().join("corrupt")).len(), 2);
}

#[test]
fn a_history_that_a_stranger_planted_is_not_believed() {
    if !is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    let id = append(home.path(), 1);
    let path = history_path(home.path(), State::Queued, id);
    fs::write(
        &path,
        "{\"at\":\"2026-01-01T00:00:00Z\",\"what\":\"superseded-by\",\"id\":\"0000000000000000001.00000001\"}\n",
    )
    .unwrap();
    std::os::unix::fs::chown(&path, Some(4242), None).unwrap();
    let recovered = owner.recover(at(1)).unwrap();
    assert_eq!(recovered.problems.len(), 1);
    assert_eq!(owner.scan(at(1)).unwrap().jobs, [id]);
    assert_eq!(claim(&owner, id).history().entries().len(), 1);
}
