//! Disks that are full, read-only or closed to us, and two users who share a spool.

use crate::spool::append::{meta, names};
use crate::spool::driver::{driver, said};
use crate::spool::owner::{append, at, claim};
use hookspool::model::{Outcome, State};
use hookspool::spool::{Inbox, Settlement, SpoolError, SpoolOwner, create, list};
use rustix::process::{Gid, Uid};
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Two users and the group that they share.
const DEPLOY: u32 = 50_001;
const WEB: u32 = 50_002;
const GROUP: u32 = 50_010;

/// Does `work` in a thread that is somebody else; only root can.
fn as_user<T: Send>(uid: u32, groups: &[u32], work: impl FnOnce() -> T + Send) -> T {
    let groups: Vec<Gid> = groups.iter().map(|g| Gid::from_raw(*g)).collect();
    let become_user = move || {
        rustix::thread::set_thread_groups(&groups).unwrap();
        rustix::thread::set_thread_gid(Gid::from_raw(uid)).unwrap();
        rustix::thread::set_thread_uid(Uid::from_raw(uid)).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(become_user).join().unwrap())
}

/// A spool that belongs to `DEPLOY`, in a directory that all may enter.
fn shared_spool() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let root = home.path().join("spool");
    fs::create_dir(&root).unwrap();
    chown(&root, Some(DEPLOY), Some(GROUP)).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o2751)).unwrap();
    as_user(DEPLOY, &[GROUP], || create(&root)).unwrap();
    home
}

#[test]
fn one_user_receives_and_another_runs() {
    if !is_root() {
        return;
    }
    let home = shared_spool();
    let root = &home.path().join("spool");
    let id = as_user(WEB, &[GROUP], || append(root, 1));
    let job = root.join(format!("queued/{id}.job"));
    let found = fs::metadata(&job).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::gid(&found), GROUP);
    // Neither lock nor other directories are the receiver's.
    let denied = as_user(WEB, &[GROUP], || SpoolOwner::lock(root).unwrap_err());
    assert!(denied.is_permission() && denied.exit_code() == 77, "{denied}");
    assert!(as_user(WEB, &[GROUP], || fs::write(root.join("running/x"), "")).is_err());
    let (state, payload) = as_user(DEPLOY, &[GROUP], || {
        let owner = SpoolOwner::lock(root).unwrap();
        owner.recover(at(1)).unwrap();
        let claim = claim(&owner, id);
        let mut payload = String::new();
        claim.payload().read_to_string(&mut payload).unwrap();
        (claim.settle(Settlement::Ended { outcome: Outcome::Succeeded, reason: None }, at(2)).unwrap(), payload)
    });
    assert_eq!((state, payload.as_str()), (State::Done, "payload 1"));
    let seen = as_user(WEB, &[GROUP], || list(root, hookspool::spool::Filter::default()).unwrap().count());
    assert_eq!(seen, 1);
}

#[test]
fn a_receiver_outside_the_group_is_told_what_to_do() {
    if !is_root() {
        return;
    }
    let home = shared_spool();
    let root = &home.path().join("spool");
    let denied = as_user(WEB, &[], || Inbox::open(root).unwrap_err());
    assert_eq!(
        denied.to_string(),
        format!(
            "cannot open {}: permission denied; run as the spool's owner or as a member of its group",
            root.join("tmp").display()
        )
    );
}

#[test]
fn what_the_runner_cannot_move_stops_nothing_and_is_told_once() {
    if !is_root() {
        return;
    }
    let home = shared_spool();
    let root = &home.path().join("spool");
    let id = as_user(WEB, &[GROUP], || {
        for name in ["empty", "full"] {
            fs::create_dir(root.join("queued").join(name)).unwrap();
        }
        fs::write(root.join("queued/full/file"), "").unwrap();
        fs::write(root.join("queued/file"), "").unwrap();
        for name in ["empty", "full"] {
            fs::set_permissions(root.join("queued").join(name), fs::Permissions::from_mode(0o500)).unwrap();
        }
        append(root, 1)
    });
    as_user(DEPLOY, &[GROUP], || {
        let owner = SpoolOwner::lock(root).unwrap();
        let mut said: Vec<String> = owner.scan(at(1)).unwrap().problems.iter().map(|p| p.text.clone()).collect();
        said.sort();
        assert_eq!(said.len(), 3, "{said:#?}");
        assert_eq!(said[0], "neither a job nor a history; an empty directory, removed");
        assert!(said[1].contains("cannot be moved to corrupt/: permission denied; remove it by hand"), "{said:#?}");
        assert!(said[2].contains("; moved to corrupt/"), "{said:#?}");
        let again = owner.scan(at(2)).unwrap();
        assert_eq!((again.problems, again.jobs), (vec![], vec![id]));
        assert_eq!(claim(&owner, id).id(), id);
    });
    assert_eq!(names(&root.join("queued")), ["full"]);
}

#[test]
fn a_umask_does_not_keep_the_runner_out_of_a_job() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("spool");
    let script = "umask 077; exec \"$@\"";
    assert_eq!(said(&mut driver(&["sh", "-c", script, "sh"], &root, "create and append")).len(), 1);
    assert_eq!(said(&mut driver(&["sh", "-c", script, "sh"], &root, "append")).len(), 2);
    for name in names(&root.join("queued")) {
        let mode = fs::metadata(root.join("queued").join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o640, "{name}");
    }
    assert_eq!(fs::metadata(root.join("sequence")).unwrap().permissions().mode() & 0o777, 0o660);
}

#[test]
fn a_closed_directory_is_a_refusal_with_its_path() {
    if is_root() {
        let home = shared_spool();
        let root = &home.path().join("spool");
        fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o3750)).unwrap();
        as_user(WEB, &[GROUP], || expect_permission(root));
    } else {
        let home = tempfile::tempdir().unwrap();
        create(home.path()).unwrap();
        fs::set_permissions(home.path().join("tmp"), fs::Permissions::from_mode(0o500)).unwrap();
        expect_permission(home.path());
    }
}

fn expect_permission(root: &Path) {
    let draft = Inbox::open(root).unwrap().draft().unwrap();
    let error: SpoolError = draft.commit(&meta("docs", 1)).unwrap_err();
    assert!(error.is_permission() && error.to_string().contains("/tmp/"), "{error}");
}

/// Runs the driver in a mount name space of its own, where `$0` was mounted and set up by a shell script.
fn in_a_mount(setup: &str, spool: &Path, script: &str) -> Vec<String> {
    let shell = format!("set -e; mount -t tmpfs -o \"$MOUNT\" hookspool {}; {setup}; \"$@\"", spool.display());
    let mut command = driver(&["unshare", "-m", "sh", "-c", &shell, "sh"], spool, script);
    said(command.env("MOUNT", "size=64k,mode=0755"))
}

#[test]
fn a_full_disk_refuses_and_what_it_accepted_is_there() {
    if !is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let create = "HOOKSPOOL_TEST_SCRIPT='create and append' \"$@\"";
    let check = |limit: &str, cause: &str| {
        let after = "trap 'echo driver: left $(ls \"$HOOKSPOOL_TEST_SPOOL/queued\" | wc -l) \
                     $(ls \"$HOOKSPOOL_TEST_SPOOL/tmp\" | wc -l)' EXIT";
        let said = in_a_mount(
            &format!("mount -o remount,{limit} hookspool; {create}; {after}"),
            home.path(),
            "append until refused",
        );
        let accepted = said.iter().filter(|line| line.starts_with("accepted ")).count();
        let refused: Vec<&String> = said.iter().filter(|line| line.starts_with("refused ")).collect();
        assert!(accepted > 1 && refused.len() == 1 && refused[0].contains(cause), "{said:#?}");
        assert_eq!(said.last().unwrap(), &format!("left {accepted} 0"), "{limit}");
    };
    check("size=64k", "no space left on device; free space or inodes there");
    check("size=8m,nr_inodes=24", "no space left on device; free space or inodes there");
}

#[test]
fn the_reserve_lets_one_more_job_in() {
    if !is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let create = "HOOKSPOOL_TEST_SCRIPT='create and append' \"$@\"";
    let fill = "dd if=/dev/zero of=$HOOKSPOOL_TEST_SPOOL/log/big bs=4k 2>/dev/null || true; \
                test $(stat -c %s $HOOKSPOOL_TEST_SPOOL/reserve) = 1048576";
    let after = "trap 'echo driver: reserve $(stat -c %s $HOOKSPOOL_TEST_SPOOL/reserve)' EXIT";
    let setup = format!("mount -o remount,size=16m hookspool; {create}; {fill}; {after}");
    let said = in_a_mount(&setup, home.path(), "append");
    assert!(said[1].starts_with("accepted ") && said[2].starts_with("accepted "), "{said:#?}");
    assert_eq!(said[3], "reserve 0");
}

#[test]
fn a_read_only_disk_refuses_and_says_so() {
    if !is_root() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let create = "HOOKSPOOL_TEST_SCRIPT='create and append' \"$@\"";
    let setup = format!("{create}; mount -o remount,ro hookspool");
    for script in ["lock", "append"] {
        let output = {
            let shell =
                format!("set -e; mount -t tmpfs hookspool {}; {setup}; \"$@\" 2>&1 || true", home.path().display());
            driver(&["unshare", "-m", "sh", "-c", &shell, "sh"], home.path(), script).output().unwrap()
        };
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.to_lowercase().contains("read-only file system"), "{script}: {text}");
    }
}

#[test]
fn the_reserve_comes_back_with_the_space() {
    let home = tempfile::tempdir().unwrap();
    let owner = SpoolOwner::lock(home.path()).unwrap();
    fs::write(home.path().join("reserve"), "").unwrap();
    assert!(owner.refill_reserve().unwrap());
    assert_eq!(fs::metadata(home.path().join("reserve")).unwrap().len(), 1024 * 1024);
}
