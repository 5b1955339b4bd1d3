//! Edge. Starts a process in a session of its own, with nothing inherited but what it is given.
//!
//! `PR_SET_PDEATHSIG` is not used: it is tied to the thread that forked, reaches direct children only, and a setuid
//! program clears it. What outlives a killed runner is found by its mark instead (`tree`).

use super::enclosure::Enclosure;
use super::errno::words;
use super::wait::{after, ready};
use super::{exit_watch, reap};
use rustix::fs::Mode;
use rustix::io::FdFlags;
use rustix::process::{Pid, setsid, umask};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Files are readable by the web server, and writable by their owner only.
pub const UMASK: u32 = 0o022;

/// Longest time that a killed process may take to exit.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// A process to be started.
#[derive(Debug, Clone)]
pub struct Program {
    /// The file to execute, absolute.
    pub file: PathBuf,
    /// `argv`, with the name as it was typed first.
    pub argv: Vec<OsString>,
    /// Work directory.
    pub dir: PathBuf,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Permissions that the files that it makes do not have.
    pub umask: u32,
}

/// A process that was started here and not yet reaped. Dropping it kills and reaps it; a
/// process that cannot be killed (a setuid program, or one that is stuck in the kernel) is left to `reap_orphans`.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    exit: OwnedFd,
    is_reaped: bool,
}

impl Child {
    /// Starts `program` in a new session, with standard input empty and both outputs on pipes, or in `file`.
    pub fn start(program: &Program, file: Option<&File>) -> io::Result<Self> {
        Self::spawn(program, [Stdio::null(), output(file)?, output(file)?])
    }

    /// As `start`, and inside `enclosure` from its first instruction on. The thread that starts it goes in and ends
    /// there; this one stays outside.
    pub fn start_inside(enclosure: &Enclosure, program: &Program) -> io::Result<Self> {
        let inside = || {
            enclosure.enter().map_err(|error| not_confined(&error))?;
            Self::start(program, None)
        };
        std::thread::scope(|scope| {
            let entered = std::thread::Builder::new().name("enclosure".to_owned()).spawn_scoped(scope, inside)?;
            entered.join().unwrap_or_else(|_| Err(io::Error::other("the thread that was to start it has ended")))
        })
    }

    /// As `start`, with standard input from a file, and both outputs in another.
    pub fn start_reading(program: &Program, input: &File, file: &File) -> io::Result<Self> {
        Self::spawn(program, [input.try_clone()?.into(), output(Some(file))?, output(Some(file))?])
    }

    fn spawn(program: &Program, [stdin, stdout, stderr]: [Stdio; 3]) -> io::Result<Self> {
        let mut command = Command::new(&program.file);
        if let Some((name, arguments)) = program.argv.split_first() {
            command.arg0(name).args(arguments);
        }
        command.current_dir(&program.dir).env_clear().envs(program.env.iter().map(|(k, v)| (k, v)));
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        enter_own_session(&mut command, inherited(), Mode::from_raw_mode(program.umask));
        let mut child = reap::start_direct(&mut command)?;
        match exit_watch::of_child(pid_of(&child)) {
            Ok(exit) => Ok(Self { process: child, exit, is_reaped: false }),
            Err(error) => {
                let _gone = (child.kill(), child.wait());
                reap::forget_direct(child.id());
                Err(error)
            }
        }
    }

    /// Process id; also the id of its session and process group.
    pub fn pid(&self) -> Pid {
        pid_of(&self.process)
    }

    /// Readable once the process has exited.
    pub fn exited(&self) -> BorrowedFd<'_> {
        self.exit.as_fd()
    }

    /// The reading ends of standard output and standard error; once.
    pub fn take_output(&mut self) -> Option<(OwnedFd, OwnedFd)> {
        Some((self.process.stdout.take()?.into(), self.process.stderr.take()?.into()))
    }

    /// Lets it go on without us: it is reaped with the orphans.
    pub fn leave(mut self) {
        self.is_reaped = true;
        reap::forget_direct(self.process.id());
    }

    /// The exit status; blocks until there is one.
    pub fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.process.wait()?;
        self.is_reaped = true;
        reap::forget_direct(self.process.id());
        Ok(status)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.is_reaped {
            return;
        }
        let _sent = self.process.kill();
        match ready(&[self.exited()], after(LAST_LOOK)) {
            Ok(exited) if exited == [true] => drop(self.reap()),
            _ => reap::forget_direct(self.process.id()),
        }
    }
}

fn output(file: Option<&File>) -> io::Result<Stdio> {
    file.map_or_else(|| Ok(Stdio::piped()), |file| Ok(file.try_clone()?.into()))
}

fn not_confined(error: &io::Error) -> io::Error {
    io::Error::other(format!("it cannot be confined: {}", words(error)))
}

fn pid_of(child: &std::process::Child) -> Pid {
    Pid::from_child(child)
}

/// Descriptors from 3 on that a child would inherit. What is opened here closes itself on exec; these came from
/// whoever started this process.
fn inherited() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir("/proc/self/fdinfo") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| is_inheritable(fd))
        .collect()
}

/// True if descriptor `fd` of this process stays open on exec, by its flags in proc(5) `fdinfo`.
fn is_inheritable(fd: RawFd) -> bool {
    const CLOSES_ON_EXEC: u32 = 0o2_000_000;
    let Ok(text) = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")) else { return false };
    let flags = text.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    fd > 2 && flags.is_some_and(|flags| flags & CLOSES_ON_EXEC == 0)
}

/// Between fork and exec: a new session, a fixed umask, and `inherited` closed by exec.
#[expect(unsafe_code, reason = "only setsid, umask and fcntl run between fork and exec, all async-signal-safe")]
fn enter_own_session(command: &mut Command, inherited: Vec<RawFd>, mask: Mode) {
    let enter = move || {
        setsid()?;
        umask(mask);
        for &fd in &inherited {
            // SAFETY: the number is only used for this call; a descriptor that is gone by now gives EBADF.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            let _was_closed = rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC);
        }
        Ok(())
    };
    // SAFETY: the closure neither allocates nor locks.
    unsafe {
        command.pre_exec(enter);
    }
}
