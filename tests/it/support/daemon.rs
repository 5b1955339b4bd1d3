//! Edge. A server in the foreground, alive no longer than its test, with its log shown when the test fails.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a fact may take to come true on a slow machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long a server may take to leave after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(10);
/// Between two looks at a fact that no event announces.
const LOOK: Duration = Duration::from_millis(10);

/// Where servers and tools are.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The instant at which a test gives up waiting.
fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// Waits until `fact` holds. For facts that no event announces; panics with `what` after the deadline.
pub(crate) fn until(what: &str, fact: impl FnMut() -> bool) {
    until_within(PATIENCE, what, fact);
}

/// The same for facts that take longer, such as what servers elect.
pub(crate) fn until_within(patience: Duration, what: &str, mut fact: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !fact() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        wait(&mut [], LOOK);
    }
}

/// Stops a process. SIGSTOP takes its time: it is stopped when its last thread is.
pub(super) fn freeze(pid: Pid) {
    kill_process(pid, Signal::STOP).unwrap();
    let threads = format!("/proc/{pid}/task");
    let is_stopped = |thread: io::Result<fs::DirEntry>| {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        status.contains("\nState:\tT")
    };
    until("it is frozen", || fs::read_dir(&threads).unwrap().all(is_stopped));
}

/// `program` with nothing in its environment but a `PATH`, gone with this test even when the test is killed.
pub(super) fn foreground(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig=TERM", "--", program]).env_clear().env("PATH", PATH);
    command
}

/// A server in the foreground, leader of a process group of its own.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    ended: OwnedFd,
    logs: Vec<PathBuf>,
}

impl Daemon {
    /// Starts `command`, whose two outputs go to `log`; `more_logs` are shown beside it.
    pub(crate) fn start(name: &'static str, mut command: Command, log: &Path, more_logs: &[PathBuf]) -> Self {
        let output = File::create(log).expect("log of a server");
        let error = output.try_clone().expect("second handle of a log");
        command.stdin(Stdio::null()).stdout(output).stderr(error).process_group(0);
        let child = command.spawn().unwrap_or_else(|e| panic!("cannot start {name}: {e}; run tests/run once"));
        let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).expect("pidfd");
        let logs = [&[log.to_owned()], more_logs].concat();
        Self { name, child, ended, logs }
    }

    /// Waits until `ready` holds; panics when the server ends before.
    pub(crate) fn ready(self, mut ready: impl FnMut() -> bool) -> Self {
        let deadline = deadline();
        while !ready() {
            assert!(!self.ends_within(LOOK), "{} ended at once: is it installed? run tests/run once", self.name);
            assert!(Instant::now() < deadline, "{} was not ready in time", self.name);
        }
        self
    }

    fn ends_within(&self, time: Duration) -> bool {
        wait(&mut [PollFd::new(&self.ended, PollFlags::IN)], time)
    }

    fn signal(&self, signal: Signal) {
        // The leader is not reaped before `drop` ends, so its number is still its own. Gone already is as good.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        self.ends_within(FAREWELL);
        self.signal(Signal::KILL);
        let status = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- {}: {status:?}", self.name);
            for log in &self.logs {
                eprintln!("---- {}\n{}", log.display(), tail(log));
            }
        }
    }
}

/// Whether one of `fds` is ready within `time`.
fn wait(fds: &mut [PollFd<'_>], time: Duration) -> bool {
    let timeout = Timespec::try_from(time).expect("a short time");
    poll(fds, Some(&timeout)).is_ok_and(|ready| ready > 0)
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
