//! Edge. The flushes of a program, as ptrace(2) sees them, and a program without one of them: the call is not made, and
//! seems to have succeeded. Threads are followed; processes that the program starts are not. x86-64 alone.

use crate::device::{Shared, held};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread;

/// `fsync`, `fdatasync`, `syncfs`, as the kernel numbers them.
const FLUSHES: [(u64, &str); 3] = [(74, "fsync"), (75, "fdatasync"), (306, "syncfs")];

/// The fact that a flush was left out.
pub const LEFT_OUT: &str = "left out";

/// A place in a program's life: who flushes, how, what, and for which time in that process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flush {
    pub role: String,
    pub call: &'static str,
    pub path: String,
    pub nth: usize,
}

impl std::fmt::Display for Flush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}, time {}", self.role, self.call, self.path, self.nth)
    }
}

/// Runs programs: as they are, or looking at their flushes.
#[derive(Debug, Default)]
pub struct Tracer {
    /// The root that paths are told from; `None`: nobody looks.
    root: Option<String>,
    leave_out: Option<Flush>,
    /// Where it is noted that one was left out.
    disk: Option<Shared>,
    pub seen: BTreeSet<Flush>,
    pub left_out: usize,
}

impl Tracer {
    /// Looks, and leaves out one, if it is given.
    pub fn looking(root: &std::path::Path, leave_out: Option<Flush>) -> Self {
        Self { root: Some(root.display().to_string()), leave_out, ..Self::default() }
    }

    /// From now on it is noted of this disk where one is left out.
    pub fn notes_of(&mut self, disk: &Shared) {
        self.disk = Some(Arc::clone(disk));
    }

    pub fn looks(&self) -> bool {
        self.root.is_some()
    }

    /// Runs `command` to its end, with `input`.
    pub fn output(&mut self, role: &str, command: &mut Command, input: &[u8]) -> Result<Output, String> {
        let mut child = if self.looks() { stopped(command) } else { command.stdin(Stdio::piped()) }
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let writer = thread::spawn(move || stdin.write_all(&input));
        if !self.looks() {
            let output = child.wait_with_output().map_err(|error| error.to_string());
            let _may_be_refused = writer.join();
            return output;
        }
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let (stdout, stderr) = (thread::spawn(move || all(stdout)), thread::spawn(move || all(stderr)));
        let code = self.follow(role, Pid::from_raw(child.id() as i32)).map_err(|errno| format!("ptrace: {errno}"))?;
        let _may_be_refused = writer.join();
        let status = std::os::unix::process::ExitStatusExt::from_raw(code);
        let read = |reader: thread::JoinHandle<Vec<u8>>| reader.join().expect("a reader");
        Ok(Output { status, stdout: read(stdout), stderr: read(stderr) })
    }

    /// Follows a stopped process to its end; its wait status.
    fn follow(&mut self, role: &str, process: Pid) -> nix::Result<i32> {
        waitpid(process, Some(WaitPidFlag::WUNTRACED))?;
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::seize(process, options)?;
        nix::sys::signal::kill(process, Signal::SIGCONT)?;
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let mut skipped = HashSet::new();
        loop {
            let status = waitpid(None, Some(WaitPidFlag::__WALL))?;
            match status {
                WaitStatus::Exited(pid, code) if pid == process => return Ok(code << 8),
                WaitStatus::Signaled(pid, signal, _) if pid == process => return Ok(signal as i32),
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {}
                WaitStatus::PtraceSyscall(pid) => {
                    self.call(role, process, pid, &mut times, &mut skipped)?;
                    go_on(pid, None)?;
                }
                WaitStatus::PtraceEvent(pid, _, _) => go_on(pid, None)?,
                WaitStatus::Stopped(pid, signal) => {
                    let is_ours = matches!(signal, Signal::SIGSTOP | Signal::SIGTRAP | Signal::SIGCONT);
                    go_on(pid, (!is_ours).then_some(signal))?;
                }
                _ => {}
            }
        }
    }

    /// A thread enters a call, or leaves it.
    fn call(
        &mut self,
        role: &str,
        process: Pid,
        pid: Pid,
        times: &mut BTreeMap<String, usize>,
        skipped: &mut HashSet<Pid>,
    ) -> nix::Result<()> {
        let mut registers = ptrace::getregs(pid)?;
        if ptrace::syscall_info(pid)?.op == nix::libc::PTRACE_SYSCALL_INFO_EXIT {
            if skipped.remove(&pid) {
                registers.rax = 0;
                ptrace::setregs(pid, registers)?;
            }
            return Ok(());
        }
        let found = FLUSHES.iter().find(|(number, _)| *number == registers.orig_rax);
        let Some(flush) = found.and_then(|(_, call)| self.flush(role, call, process, registers.rdi, times)) else {
            return Ok(());
        };
        let is_skipped = self.leave_out.as_ref() == Some(&flush);
        self.seen.insert(flush);
        if is_skipped {
            self.left_out += 1;
            if let Some(disk) = &self.disk {
                held(disk).mark(LEFT_OUT.to_owned());
            }
            registers.orig_rax = u64::MAX;
            ptrace::setregs(pid, registers)?;
            skipped.insert(pid);
        }
        Ok(())
    }

    fn flush(
        &self,
        role: &str,
        call: &'static str,
        process: Pid,
        descriptor: u64,
        times: &mut BTreeMap<String, usize>,
    ) -> Option<Flush> {
        let link = std::fs::read_link(format!("/proc/{process}/fd/{descriptor}")).ok()?;
        let path = link.to_str()?.strip_prefix(self.root.as_deref()?)?.trim_start_matches('/').to_owned();
        // A file moves while it is open: it is counted by its name.
        let nth = times.entry(path.rsplit('/').next().unwrap_or_default().to_owned()).or_insert(0);
        *nth += 1;
        Some(Flush { role: role.to_owned(), call, path: pattern(&path), nth: *nth })
    }
}

fn go_on(pid: Pid, signal: Option<Signal>) -> nix::Result<()> {
    // It may have been killed meanwhile.
    match ptrace::syscall(pid, signal) {
        Err(nix::errno::Errno::ESRCH) => Ok(()),
        result => result,
    }
}

/// The same command, stopped before it begins.
fn stopped(command: &Command) -> &'static mut Command {
    let mut held = Command::new("/bin/sh");
    held.args(["-c", "kill -STOP $$; exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args());
    held.env_clear();
    held.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Box::leak(Box::new(held))
}

fn all(mut reader: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _cut_short = reader.read_to_end(&mut bytes);
    bytes
}

/// A path in which what differs from run to run is a star.
fn pattern(path: &str) -> String {
    let varies = |word: &str| {
        let is_hexadecimal = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        word.bytes().all(|byte| byte.is_ascii_digit()) || (word.len() >= 8 && is_hexadecimal)
    };
    let words = path.split_inclusive(['/', '.', '-', '~']).map(|word| {
        let end = word.trim_end_matches(['/', '.', '-', '~']).len();
        if end > 0 && varies(&word[..end]) { format!("*{}", &word[end..]) } else { word.to_owned() }
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_a_star() {
        let path = "spool/running/1795332869123456789.3f9a1c2e.events";
        assert_eq!(pattern(path), "spool/running/*.*.events");
        assert_eq!(pattern("spool/tmp/0123456789abcdef"), "spool/tmp/*");
        assert_eq!(pattern("app/releases/.12-3358f1539c.good.new"), "app/releases/.*-*.good.new");
        assert_eq!(pattern("spool/queued"), "spool/queued");
    }
}
