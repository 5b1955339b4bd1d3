//! Edge. Starts a program in a process group of its own and stops the whole group.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A running program with everything that it started.
#[derive(Debug)]
pub struct Group {
    leader: Child,
    pid: Pid,
}

impl Group {
    /// Starts `command`, its output going to `log`.
    pub fn start(mut command: Command, log: &std::path::Path) -> io::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(log)?;
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let name = command.get_program().to_string_lossy().into_owned();
        let leader = command.spawn().map_err(|e| io::Error::new(e.kind(), format!("cannot start `{name}`: {e}")))?;
        let pid = Pid::from_child(&leader);
        Ok(Self { leader, pid })
    }

    /// The first process.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

impl Drop for Group {
    /// Asks, and after three seconds insists.
    fn drop(&mut self) {
        let _ = kill_process_group(self.pid, Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline && matches!(self.leader.try_wait(), Ok(None)) {
            sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = self.leader.wait();
    }
}

/// Waits until `ready` says so, ten seconds at most.
pub fn wait_until(what: &str, mut ready: impl FnMut() -> bool) -> io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !ready() {
        if Instant::now() > deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, format!("{what} is not ready after 10 s")));
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
