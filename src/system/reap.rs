//! Edge. Orphans come to this process, and are reaped here without taking anybody's exit status.

use super::table::{self, Process};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, getpid, set_child_subreaper, waitid, waitpid};
use std::collections::BTreeSet;
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Processes started by `process`, whose status is theirs to take.
static DIRECT: Mutex<Direct> = Mutex::new(Direct { pids: BTreeSet::new(), sessions: BTreeSet::new() });

struct Direct {
    /// Started and not yet reaped.
    pids: BTreeSet<i32>,
    /// Sessions that were ever begun by one of them.
    sessions: BTreeSet<i32>,
}

fn direct() -> MutexGuard<'static, Direct> {
    DIRECT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes this process the parent of every orphan among its descendants. An emulator may not know how (qemu-user does
/// not): orphans then go to init, and are found by their mark and their session alone.
pub fn adopt_orphans() -> io::Result<()> {
    match set_child_subreaper(Some(getpid())) {
        Err(Errno::INVAL) => Ok(()),
        other => Ok(other?),
    }
}

/// Starts `command`; until `forget_direct`, nobody else reaps it. The lock is held over the fork, so that a child that
/// exits at once is never taken for an orphan.
pub(super) fn start_direct(command: &mut Command) -> io::Result<Child> {
    let mut direct = direct();
    let child = command.spawn()?;
    let pid = Pid::from_child(&child).as_raw_nonzero().get();
    direct.pids.insert(pid);
    direct.sessions.insert(pid);
    Ok(child)
}

/// Its status was taken.
pub(super) fn forget_direct(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        direct().pids.remove(&pid);
    }
}

/// Children of this process, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Children {
    /// None.
    None,
    /// Some, and none of them has exited.
    Alive,
    /// Some, of which at least one has exited and was not reaped.
    OneExited,
}

/// One call, where a look at all processes would be thousands. Takes nobody's status.
pub(super) fn children() -> io::Result<Children> {
    match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT) {
        Ok(Some(_)) => Ok(Children::OneExited),
        Ok(None) => Ok(Children::Alive),
        Err(Errno::CHILD) => Ok(Children::None),
        Err(errno) => Err(errno.into()),
    }
}

/// Reaps orphans that have exited: those in sessions of direct children, and with `alone` those in any session but
/// ours. A child that something else in this process started shares our session, and is left to it.
pub fn reap_orphans(alone: bool) -> io::Result<usize> {
    let direct = direct();
    if children()? != Children::OneExited {
        return Ok(0);
    }
    let me = getpid().as_raw_nonzero().get();
    let processes = table::processes()?;
    let my_session = processes.iter().find(|p| p.pid == me).map_or(0, |p| p.session);
    let is_orphan = |p: &&Process| {
        let theirs = direct.sessions.contains(&p.session) || (alone && p.session != my_session);
        p.parent == me && !p.is_alive() && theirs && !direct.pids.contains(&p.pid)
    };
    let orphans = processes.iter().filter(is_orphan).filter_map(|p| Pid::from_raw(p.pid));
    Ok(orphans.filter(|&pid| matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)))).count())
}
