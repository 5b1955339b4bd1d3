//! Edge. A receiver as a process: signals, descriptors and standard error as whoever starts it leaves them.

use crate::support::fastcgi_peer::{Peer, begin, connect, pair, record};
use crate::support::one_hook::{OneHook, push, run};
use crate::support::until;
use crate::support::world::PROGRAM;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::{self, PipeWriter, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// `hookspool fastcgi` on a socket of its own.
struct Receiver {
    site: OneHook,
    child: Child,
}

impl Receiver {
    /// Started as `wrap` starts a program: with nothing before it, or by a program that changes what is inherited.
    fn start(wrap: &[&str], stderr: impl Into<Stdio>) -> Self {
        let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
        let listen = format!("unix:{}", site.path("s").display());
        let line: Vec<&str> = wrap.iter().copied().chain([PROGRAM, "fastcgi", "--listen", &listen]).collect();
        let mut command = Command::new(line[0]);
        command.args(&line[1..]).env("HOOKSPOOL_CONFIG", site.path("hookspool.toml"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).spawn().unwrap();
        until("it listens", || site.path("s").exists());
        Self { site, child }
    }

    fn peer(&self) -> Peer {
        connect(&self.site.path("s"))
    }

    /// The status line of the answer to a signed push of `body`.
    fn deliver(&self, body: &[u8]) -> String {
        status(self.peer().send(&request(&self.site.signed("push", body), body)))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn ends(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The meta-variables of a CGI program as the head of a FastCGI request.
fn head_of(command: &Command) -> Vec<u8> {
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let pairs: Vec<u8> =
        variables.flat_map(|(name, value)| pair(name.as_encoded_bytes(), value.as_encoded_bytes())).collect();
    [begin(1, 1, 0), record(4, 1, &pairs), record(4, 1, b"")].concat()
}

fn request(command: &Command, body: &[u8]) -> Vec<u8> {
    let parts = body.chunks(60_000).flat_map(|part| record(5, 1, part));
    head_of(command).into_iter().chain(parts).chain(record(5, 1, b"")).collect()
}

fn status(peer: &mut Peer) -> String {
    let answer = String::from_utf8(peer.answer(1)).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

/// A pipe that nobody reads, full to the last byte.
fn full_pipe() -> (io::PipeReader, PipeWriter) {
    let (unread, mut full) = io::pipe().unwrap();
    rustix::pipe::fcntl_setpipe_size(&full, 4096).unwrap();
    rustix::fs::fcntl_setfl(&full, rustix::fs::OFlags::NONBLOCK).unwrap();
    while full.write(&[b'x'; 512]).is_ok() {}
    rustix::fs::fcntl_setfl(&full, rustix::fs::OFlags::empty()).unwrap();
    (unread, full)
}

#[test]
fn standard_error_that_nobody_reads_stops_neither_deliveries_nor_the_end() {
    let (_unread, full) = full_pipe();
    let mut receiver = Receiver::start(&["env"], full);
    for _ in 0..300 {
        let refused = receiver.site.signed("push", b"another body");
        assert_eq!(status(receiver.peer().send(&request(&refused, b"one body 123"))), "Status: 403 Forbidden");
    }
    assert_eq!(receiver.deliver(&push('a')), "Status: 202 Accepted");
    receiver.signal(Signal::TERM);
    assert!(receiver.ends().success());
}

#[test]
fn a_flood_of_refusals_is_counted() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut receiver = Receiver::start(&["env"], log.reopen().unwrap());
    for _ in 0..100 {
        let refused = receiver.site.signed("push", b"another body");
        status(receiver.peer().send(&request(&refused, b"one body 123")));
    }
    assert_eq!(receiver.deliver(&push('a')), "Status: 202 Accepted");
    receiver.signal(Signal::TERM);
    assert!(receiver.ends().success());
    let text = fs::read_to_string(log.path()).unwrap();
    let refused = text.matches(" event=refused ").count();
    let counts = text.lines().filter_map(|line| line.split_once(" event=refused-more hook=docs count="));
    let more: usize = counts.map(|(_, count)| count.parse::<usize>().unwrap()).sum();
    assert_eq!((refused + more, text.matches(" event=queued ").count()), (100, 1), "{text}");
    assert!(refused < 100, "{text}");
}

#[test]
fn standard_error_that_nobody_reads_stops_no_runner_no_cgi_program_and_no_verb() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let (_unread, full) = full_pipe();
    let quiet = |mut command: Command| {
        command.stderr(full.try_clone().unwrap());
        run(command, &push('a'))
    };
    let reply = quiet(site.signed("push", &push('a')));
    assert!(reply.stdout.starts_with(b"Status: 202 "), "{reply:?}");
    let mut runner = site.hookspool(&["spool-runner", "--once"]);
    runner.stdin(Stdio::piped());
    assert!(quiet(runner).status.success());
    assert_eq!(site.names("done").len(), 2, "the job and its history");
    for (arguments, code) in [(["--config", "/absent", "list"], 78), (["list", "--no-such", "option"], 2)] {
        let mut wrong = Command::new(PROGRAM);
        wrong.args(arguments).stdin(Stdio::piped());
        assert_eq!(quiet(wrong).status.code(), Some(code));
    }
}

#[test]
fn a_hangup_loads_the_configuration_again_and_loses_no_request() {
    let mut receiver = Receiver::start(&["env"], Stdio::null());
    let body = [push('a'), vec![b' '; 200_000]].concat();
    let mut begun = receiver.peer();
    begun.send(&head_of(&receiver.site.signed("push", &body))).send(&record(5, 1, &body[..60_000]));
    assert_eq!(begun.send(&record(77, 0, b"")).record().map(|record| record.kind), Some(11), "it has begun");
    let file = receiver.site.path("hookspool.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("name = \"docs\"", "name = \"renamed\"")).unwrap();
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        receiver.signal(signal);
    }
    until("the hook has its new name", || receiver.deliver(&push('b')) == "Status: 404 Not Found");
    let rest: Vec<u8> = body[60_000..].chunks(60_000).flat_map(|part| record(5, 1, part)).collect();
    begun.send(&rest);
    assert_eq!(status(begun.send(&record(5, 1, b""))), "Status: 202 Accepted", "under the name that it began with");
    fs::write(&file, "nonsense").unwrap();
    receiver.signal(Signal::HUP);
    assert_eq!(receiver.deliver(&push('c')), "Status: 404 Not Found", "a broken one changes nothing");
    receiver.signal(Signal::QUIT);
    assert!(receiver.ends().success());
}

#[test]
fn a_cgi_program_is_not_ended_by_requests_to_reload() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let body = [push('a'), vec![b' '; 200_000]].concat();
    let mut child = site.signed("push", &body).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&body[..150_000]).unwrap();
    until("it receives", || !site.names("tmp").is_empty());
    for signal in [Signal::HUP, Signal::USR1, Signal::USR2] {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    input.write_all(&body[150_000..]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stdout.starts_with(b"Status: 202 "), "{output:?}");
}

#[test]
fn an_early_reply_is_there_while_the_web_server_keeps_the_input_open() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let mut refused = site.signed("push", &push('a'));
    refused.env("HTTP_X_HUB_SIGNATURE_256", "sha1=00");
    let mut child = refused.spawn().unwrap();
    // The output ends although the body, of which nothing was sent, may still come.
    let mut reply = String::new();
    io::Read::read_to_string(child.stdout.as_mut().unwrap(), &mut reply).unwrap();
    assert!(reply.starts_with("Status: 403 "), "{reply}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn blocked_signals_and_closed_descriptors_are_no_obstacle() {
    let closed = ["sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];
    for wrap in [&["env", "--block-signal=TERM"][..], &closed] {
        let mut receiver = Receiver::start(wrap, Stdio::null());
        assert_eq!(receiver.deliver(&push('a')), "Status: 202 Accepted", "{wrap:?}");
        receiver.signal(Signal::TERM);
        assert!(receiver.ends().success(), "{wrap:?}");
    }
}

#[test]
fn a_runner_whose_starter_ignores_its_children_sees_how_steps_end() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }, { shell = \"true\" }]");
    site.queue('a');
    let mut command = Command::new("env");
    command.args(["--ignore-signal=CHLD", PROGRAM, "spool-runner", "--once"]);
    let status = command.env("HOOKSPOOL_CONFIG", site.path("hookspool.toml")).stderr(Stdio::null()).status().unwrap();
    assert!(status.success());
    assert_eq!(site.names("failed"), [""; 0]);
}

#[test]
fn every_socket_that_systemd_hands_over_is_served() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let paths = [site.path("one"), site.path("two")];
    let mut command = Command::new("systemd-socket-activate");
    for path in &paths {
        command.arg("--listen").arg(path);
    }
    command.args(["-E", &format!("HOOKSPOOL_CONFIG={}", site.path("hookspool.toml").display()), PROGRAM]);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("both listen", || paths.iter().all(|path| path.exists()));
    let answers = |path: &Path, after| {
        let body = push(after);
        status(connect(path).send(&request(&site.signed("push", &body), &body)))
    };
    let told = [answers(&paths[0], 'a'), answers(&paths[1], 'b')];
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(told, ["Status: 202 Accepted"; 2]);
    assert!(status.success());
}

#[test]
fn the_lock_of_the_sequence_holds_up_no_delivery_for_long_and_no_runner() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    site.queue('a');
    let sequence = fs::File::open(site.path("spool/sequence")).unwrap();
    rustix::fs::flock(&sequence, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut runner = site.hookspool(&["spool-runner", "--once"]).stderr(Stdio::null()).spawn().unwrap();
    let body = push('b');
    let output = run(site.signed("push", &body), &body);
    assert!(output.stdout.starts_with(b"Status: 503 "), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("another process holds it"), "{told}");
    assert!(runner.wait().unwrap().success());
    assert_eq!(site.names("queued"), [""; 0]);
}

#[test]
fn a_secret_below_the_document_root_is_refused() {
    let site = OneHook::of_github("steps = [{ shell = \"true\" }]");
    let root = site.path("www");
    fs::create_dir(&root).unwrap();
    fs::rename(site.path("secret"), root.join("secret")).unwrap();
    let file = site.path("hookspool.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("/secret\"", "/www/secret\"")).unwrap();
    let body = push('a');
    let mut command = site.signed("push", &body);
    command.env("DOCUMENT_ROOT", &root);
    let output = run(command, &body);
    assert!(output.stdout.starts_with(b"Status: 500 "), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("lies below the document root"), "{told}");
}
