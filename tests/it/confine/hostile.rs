//! Edge. A build script that tries to get out of its box.

use super::{Boxed, python};
use crate::support::steps::{in_own_process, shell};
use hookspool::config::{Confine, Confining, Step};
use hookspool::model::Outcome;
use hookspool::system::users;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixListener};

/// Tries everything, and says what came of it. Arguments: a directory around it, a port, the account's home.
const TRIES: &str = include_str!("hostile.py");

/// What the tries said, without the lines of the log around them.
fn said(boxed: &Boxed, port: u16) -> Vec<String> {
    let done = boxed.0.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{port}: {}", done.log);
    let lines = done.log.lines().filter_map(|line| line.split_once(" out ").map(|(_, said)| said.to_owned()));
    lines.collect()
}

fn tries(root: &str, port: u16) -> Step {
    let home = users::current().unwrap().home.into_string().unwrap();
    python(TRIES, &[root, &port.to_string(), &home])
}

#[test]
fn a_hostile_build_script_gets_nothing() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let _udp = UdpSocket::bind(("127.0.0.1", port)).unwrap();
    let mut boxed = Boxed::with(Confine { network: false, ..Confine::default() }, []);
    let root = boxed.path("").canonicalize().unwrap();
    let name = root.file_name().unwrap().as_encoded_bytes();
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
    let _server = UnixListener::bind(root.join("server")).unwrap();
    boxed.0.plan.steps = vec![tries(root.to_str().unwrap(), port)];
    let said = said(&boxed, port);
    let got: Vec<&String> = said.iter().filter(|line| line.contains("GOT ")).collect();
    assert!(got.is_empty(), "{got:?}");
    let tried = said.iter().filter(|line| line.starts_with("no ")).count();
    assert_eq!(said.last().unwrap(), &format!("tried {tried}"));
    for file in ["other/secret", "secrets/docs", "hookspool.toml", "spool/log/secret"] {
        assert_eq!(fs::read_to_string(boxed.path(file)).unwrap(), "a secret of this file", "{file}");
    }
}

#[test]
fn without_a_box_the_same_script_gets_most_of_it() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    let mut boxed = Boxed::new([]);
    let root = boxed.path("").canonicalize().unwrap();
    boxed.0.plan.steps = vec![Step { confining: Confining::Free, ..tries(root.to_str().unwrap(), port) }];
    // What harms this process or this machine is left out.
    let Step { action: hookspool::config::StepAction::Run(argv), .. } = &mut boxed.0.plan.steps[0] else { panic!() };
    let harmless = [
        "secret",
        "configuration",
        "spool",
        "other site",
        "environ",
        "root",
        "link",
        "own root",
        "signal",
        "tcp",
        "udp",
        "hard link",
        "memfd",
        "write",
        "limits",
    ];
    let keep = format!("tries = {{n: t for n, t in tries.items() if n in {harmless:?}}}\nfor name, attempt in");
    argv[3] = TRIES.replace("for name, attempt in", &keep);
    let said = said(&boxed, port);
    let got = said.iter().filter(|line| line.contains("GOT ")).count();
    assert_eq!(got, harmless.len(), "{said:?}");
}

/// It leaves its session, its group, its parent and its environment.
const DAEMON: &str = "exec 3>alive; env -i /usr/bin/setsid sh -c '(exec sleep 100000) &' & echo left";

#[test]
fn a_daemon_that_a_step_leaves_ends_with_the_step() {
    // Alone in its process: there, every orphan is the job's.
    if in_own_process("confine::hostile::a_daemon_that_a_step_leaves_ends_with_the_step") {
        return;
    }
    let mut boxed = Boxed::new([shell(DAEMON), shell("echo next")]);
    boxed.0.alone = true;
    boxed.0.kill_delay = std::time::Duration::from_secs(5);
    let alive = boxed.0.fifo("alive");
    let done = boxed.0.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
    alive.end();
    let [ended, next] = [" processes\n", "out next"].map(|text| done.log.find(text));
    assert!(ended.is_some() && ended < next, "{}", done.log);
}

#[test]
fn a_daemon_of_a_step_that_is_free_stays_and_one_of_a_box_does_not_take_it_along() {
    let daemon = "exec 3>free; setsid sleep 100000 >free 2>&1 & echo $! >pid";
    let free = Step { confining: Confining::Free, ..shell(daemon) };
    let boxed = Boxed::new([free, shell("exec 3>confined; setsid sleep 100000 >confined 2>&1 &")]);
    let fifos = ["free", "confined"].map(|name| boxed.0.fifo(name));
    assert_eq!(boxed.0.run().result.outcome, Outcome::Succeeded);
    fifos[1].end();
    assert!(!fifos[0].has_ended());
    let pid = boxed.0.file("pid").trim().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    fifos[0].end();
}

#[test]
fn a_link_that_a_step_put_in_the_place_of_its_home_is_refused() {
    let boxed = Boxed::new([shell("echo >\"$HOME/cache\"")]);
    assert_eq!(boxed.0.run().result.outcome, Outcome::Succeeded);
    assert!(boxed.home().join("cache").exists());
    fs::remove_dir_all(boxed.home()).unwrap();
    symlink(boxed.path("secrets"), boxed.home()).unwrap();
    let done = boxed.0.run();
    assert!(done.result.reason.contains("it is a link, or no directory"), "{}", done.result.reason);
    assert_eq!(fs::read_dir(boxed.path("secrets")).unwrap().count(), 1);
}

#[test]
fn the_runner_itself_stays_outside_of_the_box() {
    let free = Step { confining: Confining::Free, ..shell("grep NoNewPrivs /proc/self/status; cat ../secrets/docs") };
    let boxed = Boxed::new([shell("grep NoNewPrivs /proc/self/status"), free]);
    let done = boxed.0.run();
    let given_up: Vec<_> = done.log.lines().filter_map(|line| line.split_once("NoNewPrivs:\t")).collect();
    let given_up: Vec<&str> = given_up.iter().map(|(_, value)| *value).collect();
    assert_eq!(given_up, ["1", "0"], "{}", done.log);
    assert_eq!(fs::read_to_string(boxed.path("secrets/docs")).unwrap(), "a secret of this file");
}
