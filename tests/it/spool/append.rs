//! Appends on the real disk: what is on disk afterwards, and what is not when it could not be done.

use hookspool::model::{EventKind, JobMeta};
use hookspool::spool::{Audience, Inbox, audience, create};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A delivery of `hook` that arrived `second` seconds after 2026-01-01.
pub(crate) fn meta(hook: &str, second: i64) -> JobMeta {
    let arrived_at = jiff::Timestamp::new(1_767_225_600 + second, 0).unwrap();
    JobMeta {
        repository: Some("me/docs".to_owned()),
        delivery: Some(format!("delivery-{second}")),
        ..JobMeta::new(hook, "github", EventKind::Push, arrived_at)
    }
}

pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_spool_in_a_setgid_directory_has_the_modes_for_a_group() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("a/spool");
    fs::create_dir(root.parent().unwrap()).unwrap();
    fs::set_permissions(root.parent().unwrap(), fs::Permissions::from_mode(0o2755)).unwrap();
    create(&root).unwrap();
    create(&root).unwrap();
    let modes: Vec<(String, u32)> = names(&root).into_iter().map(|n| (n.clone(), mode(&root.join(n)))).collect();
    let expected = [
        ("control", 0o700),
        ("corrupt", 0o2750),
        ("done", 0o2750),
        ("failed", 0o2750),
        ("held", 0o2750),
        ("holds", 0o2750),
        ("lock", 0o600),
        ("log", 0o2750),
        ("outbox", 0o2750),
        ("queued", 0o3770),
        ("reserve", 0o660),
        ("running", 0o2750),
        ("seen", 0o3770),
        ("sequence", 0o660),
        ("tmp", 0o3770),
        ("version", 0o644),
        ("waiting", 0o2750),
    ];
    assert_eq!(modes, expected.map(|(n, m)| (n.to_owned(), m)));
    assert_eq!((mode(&root), audience(&root)), (0o2751, Audience::Group));
    assert_eq!(fs::metadata(root.join("reserve")).unwrap().len(), 1024 * 1024);
}

#[test]
fn a_spool_that_nobody_shared_is_its_owners_alone() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("a/b/spool");
    create(&root).unwrap();
    let directories = names(&root).into_iter().map(|name| root.join(name)).filter(|path| path.is_dir());
    assert!(directories.chain([root.clone()]).all(|path| mode(&path) == 0o700));
    assert_eq!(audience(&root), Audience::Owner);
    // As after `cp -r`, which loses the setgid bit.
    fs::set_permissions(root.join("queued"), fs::Permissions::from_mode(0o770)).unwrap();
    assert_eq!(audience(&root), Audience::Group);
}

#[test]
fn a_committed_draft_is_its_payload_and_one_line_that_describes_it() {
    let home = tempfile::tempdir().unwrap();
    create(home.path()).unwrap();
    let inbox = Inbox::open(home.path()).unwrap();
    let mut draft = inbox.draft().unwrap();
    draft.write(b"{\"ref\":").unwrap();
    draft.write(b"1}\n").unwrap();
    let id = draft.commit(&meta("docs", 0)).unwrap();

    assert_eq!(names(&home.path().join("queued")), [format!("{id}.job")]);
    assert_eq!(names(&home.path().join("tmp")), [""; 0]);
    let path = home.path().join(format!("queued/{id}.job"));
    assert_eq!(mode(&path), 0o640);
    let text = fs::read_to_string(&path).unwrap();
    let line = text.strip_prefix("{\"ref\":1}\n\n").unwrap().strip_suffix('\n').unwrap();
    let (sealed, seal) = line.split_once(",\"seal\":\"").unwrap();
    let hash = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
    assert_eq!(seal, format!("{}\"}}", hash(format!("{{\"ref\":1}}\n\n{sealed}").as_bytes())));
    let said: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(said["id"], id.to_string());
    assert_eq!(said["hook"], "docs");
    assert_eq!(said["length"], 10);
    assert_eq!(said["sha256"], hash(b"{\"ref\":1}\n"));
}

#[test]
fn a_draft_reads_back_from_the_start_whether_it_is_in_memory_or_in_its_file() {
    let home = tempfile::tempdir().unwrap();
    create(home.path()).unwrap();
    let inbox = Inbox::open(home.path()).unwrap();
    let mut draft = inbox.draft().unwrap();
    let mut expected = Vec::new();
    for chunk in 0..50_u8 {
        let bytes = [chunk; 7001];
        draft.write(&bytes).unwrap();
        expected.extend_from_slice(&bytes);
        let mut read = Vec::new();
        draft.reader().read_to_end(&mut read).unwrap();
        assert!(read == expected, "after chunk {chunk}");
    }
    assert_eq!(draft.len(), 350_050);
    assert_eq!(names(&home.path().join("tmp")).len(), 1);
    drop(draft);
    assert_eq!(names(&home.path().join("tmp")), [""; 0]);
    assert_eq!(names(&home.path().join("queued")), [""; 0]);
}

#[test]
fn eight_threads_get_five_hundred_rising_numbers_each_whatever_the_clock_says() {
    // Many flushes, and nothing here is about flushing.
    let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    create(home.path()).unwrap();
    let inbox = Inbox::open(home.path()).unwrap();
    // One thread's clock steps back, the others' are frozen.
    let append = |thread: i64, n: i64| {
        let mut draft = inbox.draft().unwrap();
        draft.write(format!("{thread} {n}").as_bytes()).unwrap();
        draft.commit(&meta("docs", if thread == 0 { -n } else { 0 })).unwrap()
    };
    let per_thread: Vec<Vec<_>> = std::thread::scope(|scope| {
        let work = |thread| (0..500).map(|n| append(thread, n)).collect();
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for ids in &per_thread {
        assert!(ids.windows(2).all(|pair| pair[0].sequence() < pair[1].sequence()));
    }
    let mut numbers: Vec<u64> = per_thread.iter().flatten().map(|id| id.sequence()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 4000);
    assert_eq!(names(&home.path().join("queued")).len(), 4000);
}

#[test]
fn a_lost_or_damaged_sequence_goes_on_after_the_largest_name() {
    let home = tempfile::tempdir().unwrap();
    create(home.path()).unwrap();
    fs::write(home.path().join("done/1999999999999999999.00000001.job"), "").unwrap();
    fs::write(home.path().join("queued/9999999999999999999.00000001.job"), "planted").unwrap();
    let damaged: [&[u8]; 6] =
        [b"", b"12", b"garbage", b"0000000000000000000", b"9999999999999999999\n", b"+000000000000000000\n"];
    for (n, content) in (1_u64..).zip(damaged) {
        fs::write(home.path().join("sequence"), content).unwrap();
        let id = Inbox::open(home.path()).unwrap().draft().unwrap().commit(&meta("docs", 0)).unwrap();
        assert_eq!(id.sequence(), 1_999_999_999_999_999_999 + n, "{content:?}");
    }
}
