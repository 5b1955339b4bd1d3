//! What each delivery leaves in `seen/`, whatever became of it, and what never changes an answer.

use crate::support::fastcgi_peer::{begin, connect, pair, record};
use crate::support::github::{COMMIT, delivery_id, push_to};
use crate::support::intake::Sent;
use crate::support::one_hook::{OneHook, answer, push};
use crate::support::until;
use crate::support::world::PROGRAM;
use hookspool::gateway::{Begun, Handler, Params};
use hookspool::intake::Intake;
use hookspool::spool::{DeliveryResult, Seen, SeenDelivery, SeenRings, seen};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::scope;
use std::time::{Duration, Instant};

fn site() -> OneHook {
    OneHook::of_github("steps = [{ run = [\"true\"] }]")
}

fn at(site: &OneHook, hook: Option<&str>) -> Seen {
    seen(&site.spool(), hook).unwrap()
}

fn words(seen: &Seen) -> Vec<String> {
    seen.deliveries.iter().map(SeenDelivery::words).collect()
}

fn headers(event: &str) -> [(String, String); 2] {
    [("X-GitHub-Event".into(), event.into()), ("X-GitHub-Delivery".into(), delivery_id())]
}

#[test]
fn every_answer_leaves_one_trace_at_the_hook_that_the_path_names() {
    let site = site();
    let body = push_to("dev", COMMIT);
    let unsigned = || Sent::new(&site, &headers("push"), b"{}").with("CONTENT_TYPE", "application/json");
    unsigned().answer();
    unsigned().with("REQUEST_METHOD", "GET").answer();
    unsigned().with("CONTENT_TYPE", "text/html").answer();
    unsigned().without("CONTENT_LENGTH").answer();
    unsigned().with("CONTENT_LENGTH", "99999999999").answer();
    unsigned().with("SCRIPT_NAME", "/hooks/dcos").answer();
    answer(site.signed("ping", b"{}"), b"{}");
    answer(site.signed("push", &body), &body);
    let reply = answer(site.signed("push", &push('a')), &push('a'));
    let id = reply.trim_end().rsplit('.').next().unwrap().to_owned();
    let docs = at(&site, Some("docs"));
    let expected = [
        "refused 403: not signed: no `X-Hub-Signature-256`; set the secret at the forge".to_owned(),
        "refused 405: only POST delivers".to_owned(),
        "refused 415: send JSON or a form".to_owned(),
        "refused 411: length required".to_owned(),
        "refused 413: payload too large".to_owned(),
        "pong".to_owned(),
        "ignored: branch dev is not the default branch main; `branches` would name others".to_owned(),
        format!("queued {id}"),
    ];
    assert_eq!(words(&docs), expected);
    let last = docs.last().unwrap();
    assert_eq!((last.event.as_deref(), last.reference.as_deref()), (Some("push"), Some("refs/heads/main")));
    assert_eq!(last.remote.as_deref(), Some("192.0.2.1"));
    assert!(docs.deliveries[0].delivery.as_ref().unwrap().starts_with("72d3162e-"), "{docs:?}");
    assert!(docs.deliveries[0].reason.as_ref().unwrap().contains("is absent"), "{docs:?}");
    let none = at(&site, None);
    assert_eq!(words(&none), ["refused 404: no such hook"]);
    assert_eq!(none.last().unwrap().reason.as_deref(), Some("no hook answers on `/hooks/dcos`"));
    assert_eq!((docs.counts.total(), docs.counts.of(DeliveryResult::RefusedSize), none.counts.total()), (8, 2, 1));
}

/// A handler that refuses each request by its method, and the request.
fn refusing(site: &OneHook) -> (Intake, Params) {
    let intake =
        Intake::that_stays(hookspool::config::load(&site.path("hookspool.toml")).unwrap(), std::sync::Arc::default());
    let pairs = [("REQUEST_METHOD", "PUT"), ("SCRIPT_NAME", "/docs"), ("REMOTE_ADDR", "192.0.2.1")];
    (intake, Params::collect(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()))))
}

fn refuse(intake: &Intake, params: &Params) {
    assert!(matches!(intake.begin(params), Begun::Answered(answer) if answer.starts_with(b"Status: 405 ")));
}

#[test]
fn a_hundred_thousand_refusals_take_no_more_of_the_disk_than_one() {
    let site = site();
    let (intake, params) = refusing(&site);
    let room = || {
        let ring = File::open(site.spool().join("seen/docs")).unwrap();
        ring.sync_all().unwrap();
        let found = ring.metadata().unwrap();
        (found.len(), found.blocks(), fs::read_dir(site.spool().join("seen")).unwrap().count())
    };
    refuse(&intake, &params);
    until("the first is written", || at(&site, Some("docs")).counts.total() == 1);
    let before = room();
    scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..6250).for_each(|_| refuse(&intake, &params)));
        }
    });
    drop(intake);
    assert_eq!((room(), before.0), (before, 65_536));
    let docs = at(&site, Some("docs"));
    assert_eq!((docs.counts.of(DeliveryResult::RefusedMethod), docs.deliveries.len()), (100_001, 128));
    assert_eq!(docs.headline(|_| "0s".into()), "128+ refused, 0s ago: only POST delivers");
}

#[test]
fn threads_and_processes_that_write_at_once_tear_nothing_and_count_all() {
    let site = site();
    let socket = site.path("s");
    let receivers: Vec<_> = [0, 1]
        .map(|n| {
            let listen = format!("unix:{}{n}", socket.display());
            let mut command = Command::new(PROGRAM);
            command.args(["fastcgi", "--listen", &listen]).env("HOOKSPOOL_CONFIG", site.path("hookspool.toml"));
            command.stderr(Stdio::null()).spawn().unwrap()
        })
        .into();
    (0..2).for_each(|n| until("it listens", || site.path(&format!("s{n}")).exists()));
    let (intake, params) = refusing(&site);
    scope(|scope| {
        for n in 0..16 {
            let (intake, params, site) = (&intake, &params, &site);
            scope.spawn(move || (0..200).for_each(|_| refuse(intake, params)));
            scope.spawn(move || (0..20).for_each(|_| get(&site.path(&format!("s{}", n % 2)))));
        }
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let sent = Sent::new(&site, &[], b"").with("REQUEST_METHOD", "GET");
                    assert!(sent.answer().reply.starts_with("405 "));
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..100 {
                let docs = at(&site, Some("docs"));
                assert!(docs.deliveries.iter().all(|delivery| delivery.told == "only POST delivers"), "{docs:?}");
            }
        });
    });
    drop(intake);
    for mut receiver in receivers {
        kill_process(Pid::from_child(&receiver), Signal::TERM).unwrap();
        assert!(receiver.wait().unwrap().success());
    }
    let docs = at(&site, Some("docs"));
    assert_eq!((docs.counts.total(), docs.deliveries.len()), (16 * 220 + 20, 128));
}

/// A GET by `FastCGI`.
fn get(socket: &Path) {
    let variables = [("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", "/docs"), ("REMOTE_ADDR", "192.0.2.1")];
    let pairs: Vec<u8> = variables.iter().flat_map(|(name, value)| pair(name.as_bytes(), value.as_bytes())).collect();
    let request = [begin(1, 1, 0), record(4, 1, &pairs), record(4, 1, b""), record(5, 1, b"")].concat();
    let answer = connect(socket).send(&request).answer(1);
    assert!(answer.starts_with(b"Status: 405 "), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn no_hostile_entry_is_followed_waited_for_or_changes_an_answer() {
    let site = site();
    let ring = site.spool().join("seen/docs");
    let target = site.path("target");
    fs::write(&target, vec![b'x'; 65_536]).unwrap();
    let make: [(&str, &dyn Fn()); 7] = [
        ("a link", &|| symlink(&target, &ring).unwrap()),
        ("a second name", &|| fs::hard_link(&target, &ring).unwrap()),
        ("a FIFO", &|| assert!(Command::new("mkfifo").arg(&ring).status().unwrap().success())),
        ("a directory", &|| fs::create_dir(&ring).unwrap()),
        ("a giant", &|| File::create(&ring).unwrap().set_len(1 << 40).unwrap()),
        ("a stranger's", &|| {
            fs::write(&ring, b"").unwrap();
            fs::set_permissions(&ring, fs::Permissions::from_mode(0o666)).unwrap();
            if geteuid().is_root() {
                chown(&ring, Some(54_321), Some(54_321)).unwrap();
            } else {
                fs::set_permissions(&ring, fs::Permissions::from_mode(0o000)).unwrap();
            }
        }),
        ("garbage", &|| fs::write(&ring, vec![0xff; 65_536]).unwrap()),
    ];
    for (what, make) in make {
        make();
        let before = fs::symlink_metadata(&ring).unwrap();
        let began = Instant::now();
        let reply = answer(site.signed("push", &push('a')), &push('a'));
        assert!(reply.starts_with("Status: 202 ") && began.elapsed() < Duration::from_secs(5), "{what}: {reply}");
        let after = fs::symlink_metadata(&ring).unwrap();
        assert_eq!((after.len(), after.ino()), (before.len(), before.ino()), "{what}");
        assert_eq!(fs::read(&target).unwrap(), vec![b'x'; 65_536], "{what}");
        let output = site.hookspool(&["deliveries", "--json"]).output().unwrap();
        assert!(output.status.success(), "{what}: {output:?}");
        let _is_one = fs::remove_file(&ring).or_else(|_| fs::remove_dir(&ring));
    }
    answer(site.signed("push", &push('a')), &push('a'));
    assert_eq!(at(&site, Some("docs")).counts.total(), 1);
}

#[test]
fn a_spool_without_seen_and_a_full_disk_take_jobs_all_the_same() {
    let site = site();
    fs::remove_dir_all(site.spool().join("seen")).unwrap();
    let body = push('a');
    assert!(answer(site.signed("push", &body), &body).starts_with("Status: 202 "));
    assert!(seen(&site.spool(), Some("docs")).unwrap_err().is_missing());
    let output = site.hookspool(&["status"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    // The runner makes it.
    assert!(site.hookspool(&["spool-runner", "--once"]).output().unwrap().status.success());
    assert!(answer(site.signed("push", &body), &body).starts_with("Status: 202 "));
    assert_eq!(at(&site, Some("docs")).counts.total(), 1);
    // No room for the ring: its one large write fails, and those of the job do not.
    fs::remove_file(site.spool().join("seen/docs")).unwrap();
    let strace = site.strace();
    let full = strace.inject("pwrite64", 3, "error=ENOSPC");
    let reply = Sent::new(&site, &[], b"").with("REQUEST_METHOD", "GET").under(&full).answer().reply;
    assert!(reply.starts_with("405 "), "{reply}");
}

#[test]
fn who_holds_a_ring_for_ever_delays_nobody_and_what_came_meanwhile_is_written() {
    let site = site();
    let (intake, params) = refusing(&site);
    refuse(&intake, &params);
    until("the first is written", || at(&site, Some("docs")).counts.total() == 1);
    let held = File::open(site.spool().join("seen/docs")).unwrap();
    flock(&held, FlockOperation::LockExclusive).unwrap();
    let began = Instant::now();
    scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..50).for_each(|_| refuse(&intake, &params)));
        }
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(at(&site, Some("docs")).counts.total(), 1);
    drop(held);
    drop(intake);
    assert_eq!(at(&site, Some("docs")).counts.total(), 401);
}

#[test]
fn a_ring_that_is_removed_or_whose_spool_is_replaced_is_made_anew() {
    let site = site();
    let rings = SeenRings::of(site.spool());
    let note = || rings.note(Some("docs"), SeenDelivery::new(jiff::Timestamp::now(), DeliveryResult::Pong, Some(200)));
    note();
    fs::rename(site.spool().join("seen"), site.spool().join("seen.old")).unwrap();
    fs::create_dir(site.spool().join("seen")).unwrap();
    until("it writes to the new one", || {
        note();
        at(&site, Some("docs")).counts.total() > 0
    });
}

#[test]
fn a_torn_record_is_skipped_by_those_who_read() {
    let site = site();
    for after in ['a', 'b', 'c'] {
        answer(site.signed("push", &push(after)), &push(after));
    }
    let ring = File::options().write(true).open(site.spool().join("seen/docs")).unwrap();
    ring.write_all_at(b"half a record", 1024 + 504 + 300).unwrap();
    let docs = at(&site, Some("docs"));
    assert_eq!((docs.deliveries.len(), docs.counts.total()), (2, 3));
    let output = site.hookspool(&["deliveries", "docs", "--json"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn receivers_of_two_users_of_one_group_write_to_the_same_ring() {
    if !geteuid().is_root() {
        return assert_eq!(rustix::process::getuid(), geteuid());
    }
    let site = site();
    let [owner, other, group] = [54_321, 54_322, 54_300];
    let give = |path: &Path, mode: u32| {
        chown(path, Some(owner), Some(group)).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::remove_dir_all(site.spool()).unwrap();
    fs::create_dir(site.spool()).unwrap();
    give(&site.spool(), 0o2751);
    for path in ["", "hookspool.toml", "secret"] {
        fs::set_permissions(site.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    give(&site.path("site"), 0o755);
    fs::copy(PROGRAM, site.path("hookspool")).unwrap();
    let program_as = |user: u32| {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), format!("--regid={group}"), "--clear-groups".into(), "--".into()]);
        command.arg(site.path("hookspool")).env_clear().stdin(Stdio::null());
        command
    };
    let mut runner = program_as(owner);
    runner.args(["spool-runner", "--once", "--config"]).arg(site.path("hookspool.toml"));
    let output = runner.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let directory = fs::metadata(site.spool().join("seen")).unwrap();
    assert_eq!((directory.mode() & 0o7777, directory.gid()), (0o3770, group));
    for user in [other, owner] {
        let mut cgi = program_as(user);
        let like = site.cgi("docs", &[], 0);
        cgi.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("REQUEST_METHOD", "GET");
        let output = cgi.output().unwrap();
        assert!(output.stdout.starts_with(b"Status: 405 "), "{output:?}");
    }
    let ring = fs::metadata(site.spool().join("seen/docs")).unwrap();
    assert_eq!((ring.mode() & 0o7777, ring.uid(), ring.gid()), (0o660, other, group));
    assert_eq!(at(&site, Some("docs")).counts.of(DeliveryResult::RefusedMethod), 2);
}
