//! Spools that are moved, replaced or robbed of their lock beneath a process that has them open.

use crate::spool::append::meta;
use crate::spool::owner::{append, at};
use crate::support::until;
use crate::support::yard::Yard;
use hookspool::spool::{Inbox, SpoolError, SpoolOwner, create};
use std::fs;
use std::path::{Path, PathBuf};

fn spool() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("spool");
    create(&root).unwrap();
    (home, root)
}

/// Moves a directory away, and makes another of its name as `make` does.
fn replace(path: &Path, make: impl FnOnce(&Path)) {
    fs::rename(path, path.with_extension("old")).unwrap();
    make(path);
}

#[test]
fn nothing_is_accepted_into_a_spool_that_was_moved_away() {
    for below in [".", "queued"] {
        let (_home, root) = spool();
        let inbox = Inbox::open(&root).unwrap();
        inbox.check_in_place().unwrap();
        let mut draft = inbox.draft().unwrap();
        draft.write(b"{}").unwrap();
        replace(&root.join(below).components().collect::<PathBuf>(), |path| match below {
            "." => create(path).unwrap(),
            _ => fs::create_dir(path).unwrap(),
        });
        let refused = draft.commit(&meta("docs", 0)).unwrap_err();
        assert!(matches!(&refused, SpoolError::Replaced { path } if path.starts_with(&root)), "{below}: {refused}");
        assert!(matches!(inbox.check_in_place(), Err(SpoolError::Replaced { .. })), "{below}");
        append(&root, 1);
    }
}

#[test]
fn a_runner_that_looks_into_a_directory_that_was_replaced_is_told() {
    for below in ["queued", "running", "waiting", "done", "log", "control", "holds"] {
        let (_home, root) = spool();
        let owner = SpoolOwner::lock(&root).unwrap();
        owner.scan(at(1)).unwrap();
        replace(&root.join(below), |path| fs::create_dir(path).unwrap());
        let refused = owner.scan(at(2)).unwrap_err();
        assert!(matches!(&refused, SpoolError::Replaced { .. }), "{below}: {refused}");
        assert_eq!(refused.exit_code(), 75);
        assert!(refused.to_string().contains(below), "{refused}");
    }
}

#[test]
fn a_lock_that_was_removed_lets_no_second_owner_in_and_is_made_anew() {
    let (_home, root) = spool();
    let owner = SpoolOwner::lock(&root).unwrap();
    fs::remove_file(root.join("lock")).unwrap();
    assert!(matches!(SpoolOwner::lock(&root), Err(SpoolError::Locked { .. })), "the lock's file is gone");
    let problems = owner.scan(at(1)).unwrap().problems;
    assert!(problems[0].to_string().contains("removed beneath the runner"), "{problems:?}");
    assert_eq!(owner.scan(at(2)).unwrap().problems, [], "said once");
    let Err(SpoolError::Locked { pid, path }) = SpoolOwner::lock(&root) else { panic!("it is locked") };
    assert_eq!((pid, path), (Some(std::process::id()), root.join("lock")));
    drop(owner);
    SpoolOwner::lock(&root).unwrap();
}

#[test]
fn a_runner_whose_queue_was_replaced_ends_and_the_next_one_runs_what_arrived() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    let first = yard.deliver("docs", "main", "0");
    let runner = yard.start();
    until("the runner is at work", || yard.is_in("done", first));
    // As by a restore: removed, and another put in its place.
    let (queued, restored) = (yard.path("spool/queued"), yard.path("spool/queued.new"));
    fs::create_dir(&restored).unwrap();
    fs::remove_dir(&queued).unwrap();
    fs::rename(&restored, &queued).unwrap();
    assert_eq!(runner.ends(), Some(75), "{}", yard.log());
    assert!(yard.log().contains("queued/ was moved, replaced or mounted over"), "{}", yard.log());
    let second = yard.deliver("docs", "main", "1");
    yard.drain();
    assert!(yard.is_in("done", second));
}
