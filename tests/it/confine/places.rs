//! Edge. What a confined step is given, and what no configuration gives it.

use super::{Boxed, python};
use crate::support::steps::{Done, shell};
use crate::support::yard::Yard;
use hookspool::config::{BoxPath, Confine, Confining, Step};
use hookspool::model::Outcome;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

/// Runs `script` in a box whose paths are relative to the directory around it.
fn in_box(read: &[&str], write: &[&str], script: &str) -> (Boxed, Done) {
    let mut boxed = Boxed::new([shell(script)]);
    let at = |names: &[&str]| names.iter().map(|name| BoxPath::At(boxed.path(name))).collect();
    boxed.0.plan.confine = Some(Confine { read: at(read), write: at(write), ..Confine::default() });
    fs::create_dir(boxed.path("tool")).unwrap();
    fs::write(boxed.path("tool/run"), "#!/bin/sh\necho tool\n").unwrap();
    fs::set_permissions(boxed.path("tool/run"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    fs::create_dir(boxed.path("cache")).unwrap();
    let done = boxed.0.run();
    (boxed, done)
}

#[test]
fn what_is_named_is_read_and_started_or_written_and_nothing_beside_it() {
    let script =
        "../tool/run >out; echo x >../cache/new || exit 1; ! echo >../tool/new; ! ls ../other; ! cat ../cache2";
    let (boxed, done) = in_box(&["tool"], &["cache"], script);
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
    assert_eq!(boxed.0.file("out"), "tool\n");
    assert!(boxed.path("cache/new").exists() && !boxed.path("tool/new").exists());
}

#[test]
fn a_tree_that_holds_secrets_is_opened_around_them() {
    let script = "../tool/run && ! cat ../secrets/docs && ! cat ../hookspool.toml && ! cat ../spool/log/secret && \
         ! cat ../other/secret && ! cat ../deploy-key";
    let (_, done) = in_box(&[""], &[], script);
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
}

#[test]
fn what_is_closed_opens_by_no_name_and_through_no_link() {
    let refused = |read: &[&str], write: &[&str], what: &str| {
        let (_, done) = in_box(read, write, "true");
        assert!(done.result.reason.contains(what), "{read:?} {write:?}: {}", done.result.reason);
        assert_eq!(done.result.outcome, Outcome::Failed);
    };
    refused(&["secrets/docs"], &[], "which no confined step may reach");
    refused(&["spool/log"], &[], "which no confined step may reach");
    refused(&[], &["secrets"], "which no confined step may reach");
    refused(&[], &["spool"], "which no confined step may reach");
    refused(&[], &[""], "which no confined step may reach");
    refused(&["absent"], &[], "does not exist; make it, or take it out");
    refused(&[], &["absent"], "does not exist; make it, or take it out");
    let boxed = Boxed::new([shell("true")]);
    symlink(boxed.path("secrets"), boxed.path("link")).unwrap();
    let mut linked = boxed;
    let read = vec![BoxPath::At(linked.path("link/docs"))];
    linked.0.plan.confine = Some(Confine { read, ..Confine::default() });
    let reason = linked.0.run().result.reason;
    assert!(reason.contains("which no confined step may reach"), "{reason}");
}

#[test]
fn a_work_directory_that_was_led_to_secrets_by_a_link_is_refused() {
    let mut boxed = Boxed::new([shell("true")]);
    let dir = boxed.path("led");
    symlink(boxed.path("secrets"), &dir).unwrap();
    boxed.0.plan.dir = dir;
    let reason = boxed.0.run().result.reason;
    assert!(reason.contains("`confine`") && reason.contains("secrets"), "{reason}");
}

#[test]
fn the_network_is_there_unless_it_is_refused_and_sockets_of_servers_are_not() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port().to_string();
    let script = "import socket, sys\nfor name, family, to in [('tcp', socket.AF_INET, ('127.0.0.1', int(sys.argv[1]))), \
                  ('local', socket.AF_UNIX, sys.argv[2])]:\n    try:\n        socket.socket(family).connect(to)\n        \
                  print(name, 'open')\n    except PermissionError:\n        print(name, 'denied')";
    let said = |network: bool, local_sockets: bool| {
        let confine = Confine { network, local_sockets, ..Confine::default() };
        let mut boxed = Boxed::with(confine, []);
        let server = boxed.0.dir().join("server");
        let _listener = UnixListener::bind(&server).unwrap();
        boxed.0.plan.steps = vec![python(script, &[&port, server.to_str().unwrap()])];
        let done = boxed.0.run();
        let lines = done.log.lines().filter_map(|line| line.split_once(" out "));
        lines.map(|(_, said)| said.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(said(true, false), ["tcp open", "local denied"]);
    assert_eq!(said(false, false), ["tcp denied", "local denied"]);
    assert_eq!(said(false, true), ["tcp denied", "local open"]);
}

#[test]
fn home_and_tmpdir_are_its_own_and_what_leads_out_is_not_in_its_environment() {
    let mut boxed = Boxed::new([shell("env >env; cat \"$HOOKSPOOL_PAYLOAD\" >payload; tail -n 1 \"$HOOKSPOOL_LOG\"")]);
    boxed.0.plan.ssh_key = Some(boxed.path("deploy-key"));
    fs::set_permissions(boxed.path("deploy-key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(&boxed.0.facts.payload, "{}").unwrap();
    let done = boxed.0.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
    let (env, root) = (boxed.0.file("env"), boxed.path("").canonicalize().unwrap());
    let value = |name: &str| env.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    assert_eq!(value("HOME"), root.join("spool/home/docs").to_str());
    assert_eq!(value("TMPDIR"), root.join(format!("spool/scratch/{}", boxed.0.facts.job)).to_str());
    assert_eq!([value("GIT_SSH_COMMAND"), value("XDG_RUNTIME_DIR"), value("SSH_AUTH_SOCK")], [None; 3]);
    assert_eq!(boxed.0.file("payload"), "{}");
}

#[test]
fn a_payload_that_may_hold_the_secret_is_not_shown_to_a_box() {
    let mut boxed = Boxed::new([shell("test -z \"$HOOKSPOOL_PAYLOAD\" && ! cat ../x.job")]);
    boxed.0.facts.meta.provider = "gitee".to_owned();
    fs::write(&boxed.0.facts.payload, "{ \"password\": \"x\" }").unwrap();
    let done = boxed.0.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
}

#[test]
fn where_a_step_is_denied_something_the_reason_names_the_key() {
    let boxed = Boxed::new([shell("cat ../other/secret")]);
    let reason = boxed.0.run().result.reason;
    assert!(reason.contains("name the path that it was denied in `confine`, `read` or `write`"), "{reason}");
    let boxed = Boxed::new([shell("exit 3")]);
    let reason = boxed.0.run().result.reason;
    assert!(!reason.contains("confine"), "{reason}");
}

#[test]
fn a_step_may_be_free_or_have_a_box_of_its_own() {
    let own = Confine { network: false, ..Confine::default() };
    let status = || shell("grep -c '^Seccomp:.2' /proc/self/status; true");
    let steps =
        [status(), Step { confining: Confining::Free, ..status() }, Step { confining: Confining::In(own), ..status() }];
    let done = Boxed::new(steps).0.run();
    let confined: Vec<bool> = done.records.iter().map(|record| record.confined.is_some()).collect();
    assert_eq!(confined, [true, false, true]);
    let counts: Vec<&str> = done.log.lines().filter_map(|line| line.split_once(" out ")).map(|(_, n)| n).collect();
    assert_eq!(counts, ["1", "0", "1"]);
}

#[test]
fn two_hooks_do_not_reach_each_others_sites_homes_and_secrets() {
    let lines = |name: &str, other: &str| {
        format!(
            "dir = \"ROOT/{name}\"\nconfine = true\nsteps = [{{ shell = \"echo mine >mine; echo mine >$HOME/mine; \
             ! cat ../{other}/mine && ! cat ../spool/home/{other}/mine && ! cat ../secret && ! ls ../spool\" }}]\n"
        )
    };
    let (one, two) = (lines("one", "two"), lines("two", "one"));
    let yard = Yard::new("", &[("one", &one), ("two", &two)]);
    for dir in ["one", "two"] {
        fs::create_dir(yard.path(dir)).unwrap();
    }
    let ids = [("one", "a"), ("two", "b"), ("one", "c")].map(|(hook, id)| {
        let job = yard.deliver(hook, "main", id);
        assert!(yard.drain().status.success());
        job
    });
    for id in ids {
        assert_eq!(yard.job(id)[1], "succeeded", "{:?}", yard.job(id));
    }
    assert!(yard.path("two/mine").exists() && yard.path("spool/home/one/mine").exists());
}
