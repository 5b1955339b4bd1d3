//! Edge. The exit of a process as a descriptor that becomes readable.

use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use std::io;
use std::os::fd::OwnedFd;
use std::thread::Builder;

/// A descriptor of process `pid`; `None` where there is no such thing: before Linux 5.3, and in a container whose list
/// of permitted calls is older and answers `EPERM`, which `pidfd_open` itself never does.
pub(super) fn pidfd(pid: Pid) -> Result<Option<OwnedFd>, Errno> {
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => Ok(Some(pidfd)),
        Err(Errno::NOSYS | Errno::PERM) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// A descriptor that is readable once our child `pid` has exited.
pub(super) fn of_child(pid: Pid) -> io::Result<OwnedFd> {
    match pidfd(pid)? {
        Some(pidfd) => Ok(pidfd),
        None => end_of_pipe(pid),
    }
}

/// A pipe that ends when the child does: a thread waits for it, and leaves the exit status to who started it.
fn end_of_pipe(pid: Pid) -> io::Result<OwnedFd> {
    let (end, held_open) = pipe_with(PipeFlags::CLOEXEC)?;
    Builder::new().name("exit-watch".to_owned()).spawn(move || {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _somebody_took_it = retry_on_intr(|| waitid(WaitId::Pid(pid), look));
        drop(held_open);
    })?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::super::wait::{after, ready};
    use super::*;
    use std::os::fd::AsFd;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    #[test]
    fn either_descriptor_tells_of_the_exit_and_leaves_the_status() {
        let ways: [fn(Pid) -> io::Result<OwnedFd>; 2] = [of_child, end_of_pipe];
        for way in ways {
            let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let exit = way(Pid::from_child(&child)).unwrap();
            assert_eq!(ready(&[exit.as_fd()], Instant::now()).unwrap(), [false]);
            drop(child.stdin.take());
            assert_eq!(ready(&[exit.as_fd()], after(Duration::MAX)).unwrap(), [true]);
            assert!(child.wait().unwrap().success());
        }
    }
}
