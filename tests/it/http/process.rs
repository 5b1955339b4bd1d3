//! Edge. `hookspool serve` as a process: alone and beside a runner, its sockets, its signals and its end.

use super::{STEPS, Served, push};
use crate::support::github::{COMMIT, SIGNATURE, push_to};
use crate::support::http::{Framing, Request};
use crate::support::until;
use crate::support::yard::Yard;
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;

#[test]
fn beside_a_runner_a_push_is_received_and_run_by_one_process() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &["--runner"]);
    let reply = served.send(&push(&push_to("main", COMMIT)));
    assert_eq!(reply.status, 202, "{reply:?}");
    until("the job has run", || yard.site("ran") == "main\n");
    let refused = served.send(&push(&push_to("main", COMMIT)).without(SIGNATURE));
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(served.process.stop(), Some(0));
    assert!(yard.log().contains("event=runner-ended reason=\"it was told to stop\""), "{}", yard.log());
}

#[test]
fn without_a_runner_jobs_wait() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &[]);
    assert_eq!(served.send(&push(&push_to("main", COMMIT))).status, 202);
    assert_eq!(served.process.stop(), Some(0));
    assert_eq!(yard.listed()[0]["state"], "queued");
}

#[test]
fn its_health_is_asked_without_a_hook_and_without_a_line_in_the_log() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &[]);
    let lines = yard.log();
    let reply = served.send(&Request::new("GET", "/healthz", Framing::None, b""));
    assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"));
    let reply = served.send(&Request::new("HEAD", "/healthz?x", Framing::None, b""));
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
    assert_eq!(yard.log(), lines);
    assert_eq!(served.send(&Request::new("POST", "/healthz", Framing::Length, b"{}")).status, 404);
}

#[test]
fn the_client_is_who_a_trusted_proxy_names_and_nobody_else_s_word_counts() {
    let yard = Yard::new("", &[STEPS]);
    let forwarded = push(b"{}").without(SIGNATURE).header("X-Forwarded-For", "203.0.113.9, 203.0.113.7");
    for (trust, client) in [(&["--trust", "127.0.0.0/8"][..], "203.0.113.7"), (&[], "127.0.0.1")] {
        let served = Served::start(&yard, trust);
        assert_eq!(served.send(&forwarded).status, 403);
        served.process.stop();
        assert!(yard.log().contains(&format!(" remote={client} ")), "{}", yard.log());
    }
}

#[test]
fn on_a_unix_socket_the_mode_says_who_may_connect() {
    let yard = Yard::new("", &[STEPS]);
    let (path, address) = (yard.path("s"), format!("unix:{}", yard.path("s").display()));
    let process = yard.start_as(yard.hookspool(&["serve", "--listen", &address, "--socket-mode", "0600"]));
    until("it listens", || UnixStream::connect(&path).is_ok());
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(process.stop(), Some(0));
    assert!(!path.exists());
}

#[test]
fn an_inherited_socket_speaks_http_where_serve_is_typed() {
    let yard = Yard::new("", &[STEPS]);
    let address = crate::support::loopback(crate::support::free_port());
    let mut command = Command::new("systemd-socket-activate");
    command.args(["--listen", &address.to_string()]).arg(crate::support::world::PROGRAM);
    command.arg("serve").arg("--runner").arg("--config").arg(yard.path("hookspool.toml"));
    let process = yard.start_as(command);
    until("somebody listens", || TcpStream::connect(address).is_ok());
    let served = Served { process, address };
    assert_eq!(served.send(&push(&push_to("main", COMMIT))).status, 202);
    until("the job has run", || yard.site("ran") == "main\n");
    assert_eq!(served.process.stop(), Some(0));
}

#[test]
fn a_stop_lets_the_running_job_end_and_takes_no_more_deliveries() {
    let gate = ("docs", "steps = [{ shell = \"echo >begun; read x <gate; echo $x >ended\" }]");
    let yard = Yard::new("grace = \"60s\"", &[gate]);
    yard.fifo("gate");
    let served = Served::start(&yard, &["--runner"]);
    assert_eq!(served.send(&push(&push_to("main", COMMIT))).status, 202);
    until("the step has begun", || yard.path("site/begun").exists());
    served.process.signal(Signal::TERM);
    until("nobody listens any more", || TcpStream::connect(served.address).is_err());
    std::fs::write(yard.path("site/gate"), "well\n").unwrap();
    assert_eq!(served.process.ends(), Some(0));
    assert_eq!(yard.site("ended"), "well\n");
}

#[test]
fn sighup_loads_the_configuration_in_both_halves() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &["--runner"]);
    let shop = Request { line: "POST /shop".into(), ..push(&push_to("main", COMMIT)) };
    assert_eq!(served.send(&shop).status, 404);
    yard.configure("", &[STEPS, ("shop", "steps = [{ shell = \"echo shop >>ran\" }]")]);
    served.process.signal(Signal::HUP);
    until("the hook is there", || served.send(&shop).status == 202);
    until("its job has run", || yard.site("ran") == "shop\n");
    assert_eq!(served.process.stop(), Some(0));
}

#[test]
fn a_second_one_beside_the_spools_runner_exits_75() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &["--runner"]);
    let output = yard.hookspool(&["serve", "--listen", "127.0.0.1:0", "--runner"]).output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{output:?}");
    assert_eq!(served.process.stop(), Some(0));
}

#[test]
fn a_wrong_address_and_a_missing_one_are_wrong_usage() {
    let yard = Yard::new("", &[STEPS]);
    for (arguments, words) in [
        (&["serve"][..], "`--listen 127.0.0.1:9000`"),
        (&["serve", "--listen", "localhost"], "`localhost` is no address"),
        (&["serve", "--listen", "127.0.0.1:0", "--trust", "proxy"], "such as `10.0.0.0/8`"),
    ] {
        let output = yard.hookspool(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_runner_that_cannot_go_on_ends_the_receiver_too() {
    let yard = Yard::new("", &[STEPS]);
    let served = Served::start(&yard, &["--runner"]);
    std::fs::rename(yard.path("spool/queued"), yard.path("spool/gone")).unwrap();
    assert_ne!(served.process.ends(), Some(0));
    assert!(yard.log().contains("event=runner-failed"), "{}", yard.log());
    assert!(yard.log().contains("event=stopped"), "{}", yard.log());
}
