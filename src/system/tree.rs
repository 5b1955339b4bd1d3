//! Edge. The processes of a job, wherever they went, and how they all end.
//!
//! A process is a job's if one of these holds: it was seen to be before; its parent is; it is in a session that was
//! begun by one that is; it carries the job's mark in the environment that it was started with; or it is an orphan
//! that came to this process while nothing else ran here. What left its group, forked twice or emptied its environment
//! is found by one rule or another. This process and its ancestors are never a job's, even if a job's mark is on them.

use super::bell::Bell;
use super::exit_watch;
use super::reap::{self, Children};
use super::table::{self, Mark, Process};
use super::wait::after;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, kill_process, pidfd_send_signal};
use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// Name of the mark: the variable that holds the job's id.
pub const MARK: &str = "HOOKSPOOL_JOB";
/// Rounds of stop-and-look before what cannot be stopped is killed as it is.
const FREEZE_ROUNDS: usize = 500;
/// Between two of them.
const FREEZE_WAIT: Duration = Duration::from_millis(2);
/// Looks in a row that find nothing where it cannot be known.
const QUIET_LOOKS: usize = 3;
/// Time for which KILL is repeated before processes are given up as stuck.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Between two looks at a process of whose exit no descriptor tells.
const LOOK: Duration = Duration::from_millis(5);
/// Time for which one round of KILL waits for the killed.
const KILL_ROUND: Duration = Duration::from_secs(1);

/// Waits until a descriptor is readable (true) or a moment has come (false), and may do other work meanwhile.
pub type WaitFn<'a> = &'a mut dyn FnMut(BorrowedFd<'_>, Instant) -> io::Result<bool>;

/// The end of a process tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Survivors {
    /// Processes that are gone.
    pub ended: usize,
    /// Processes that could not be ended: another user's, or stuck in the kernel.
    pub left: usize,
}

/// The processes of one job.
#[derive(Debug)]
pub struct Tree {
    /// The variable that marks its processes, and its value.
    mark: (&'static str, String),
    known: HashSet<(i32, u64)>,
    /// Children that this process had before the job; `None`: orphans are not told apart.
    before: Option<HashSet<(i32, u64)>>,
}

impl Tree {
    /// The tree of the job with id `job`.
    pub fn of(job: &str) -> Self {
        Self::marked(MARK, job)
    }

    /// The tree of whatever has the variable `name` with this `value` in its environment.
    pub fn marked(name: &'static str, value: &str) -> Self {
        Self { mark: (name, value.to_owned()), known: HashSet::new(), before: None }
    }

    /// From now on, orphans that come to this process are the job's.
    pub fn claim_orphans(&mut self) -> io::Result<()> {
        let me = my_pid();
        let has_none = matches!(reap::children(), Ok(Children::None));
        let all = if has_none { Vec::new() } else { table::processes()? };
        self.before = Some(all.iter().filter(|p| p.parent == me).map(Process::key).collect());
        Ok(())
    }

    /// A process that was started for the job.
    pub fn add(&mut self, pid: Pid) {
        self.known.extend(table::process(pid.as_raw_nonzero().get()).map(|p| p.key()));
    }

    /// Those that are alive.
    pub fn members(&mut self) -> io::Result<Vec<Process>> {
        let all = table::processes()?;
        let relatives = Relatives::of(&all);
        let mut pids: HashSet<i32> = all.iter().filter(|p| self.is_marked(p, &relatives)).map(|p| p.pid).collect();
        while grow(&mut pids, &all, &relatives) {}
        let members: Vec<Process> = all.into_iter().filter(|p| pids.contains(&p.pid) && p.is_alive()).collect();
        self.known.extend(members.iter().map(Process::key));
        Ok(members)
    }

    /// True if `p` is the job's by itself, whoever its relatives are.
    fn is_marked(&self, p: &Process, relatives: &Relatives) -> bool {
        if relatives.are_above(p.pid) || !p.is_alive() {
            return false;
        }
        self.known.contains(&p.key())
            || match table::mark(p.pid, self.mark.0, &self.mark.1) {
                Mark::Ours => true,
                // A program may give its children whatever environment it likes.
                Mark::Absent | Mark::Unknown | Mark::Other => self.is_claimed_orphan(p, relatives),
            }
    }

    fn is_claimed_orphan(&self, p: &Process, relatives: &Relatives) -> bool {
        let is_new = self.before.as_ref().is_some_and(|before| !before.contains(&p.key()));
        is_new && p.parent == my_pid() && !relatives.are_our_session(p.session)
    }

    /// Ends them all: TERM, `patience`, then KILL until none is left.
    pub fn end(&mut self, patience: Duration, wait: WaitFn<'_>) -> io::Result<Survivors> {
        let mut seen = HashSet::new();
        self.ask(&mut seen, after(patience), wait)?;
        let left = self.kill(&mut seen, after(GIVE_UP), wait)?;
        reap::reap_orphans(self.before.is_some())?;
        Ok(Survivors { ended: seen.len() - left, left })
    }

    /// As `end`, after the last of them was reaped that was waited for: what was forked during a look and is an orphan
    /// since may have been missed, and is looked for again.
    pub fn end_left_behind(&mut self, patience: Duration, wait: WaitFn<'_>) -> io::Result<Survivors> {
        let give_up = after(patience.saturating_add(GIVE_UP));
        let (mut ended, mut quiet_looks) = (0, 0);
        while !self.is_childless() && quiet_looks < QUIET_LOOKS {
            let survivors = self.end(patience, wait)?;
            ended += survivors.ended;
            quiet_looks = if survivors.ended == 0 { quiet_looks + 1 } else { 0 };
            if survivors.left > 0 || Instant::now() >= give_up {
                return Ok(Survivors { ended, left: survivors.left });
            }
            std::thread::sleep(FREEZE_WAIT);
        }
        Ok(Survivors { ended, left: 0 })
    }

    /// True if this process has no children, and had none before: then none of them is left, since each orphan comes
    /// here.
    fn is_childless(&self) -> bool {
        self.before.as_ref().is_some_and(HashSet::is_empty) && matches!(reap::children(), Ok(Children::None))
    }

    /// TERM to each once, those that appear meanwhile included, until none is left or `until`.
    fn ask(&mut self, seen: &mut HashSet<(i32, u64)>, until: Instant, wait: WaitFn<'_>) -> io::Result<()> {
        loop {
            let members = self.members()?;
            for member in &members {
                if seen.insert(member.key()) {
                    send(member, Signal::TERM);
                    send(member, Signal::CONT); // a stopped process sees TERM only when it goes on
                }
            }
            if members.is_empty() || !all_gone(&members, until, wait)? {
                return Ok(());
            }
        }
    }

    /// KILL until a look finds none that can be killed; how many there are that cannot.
    fn kill(&mut self, seen: &mut HashSet<(i32, u64)>, give_up: Instant, wait: WaitFn<'_>) -> io::Result<usize> {
        loop {
            let members = self.freeze()?;
            seen.extend(members.iter().map(Process::key));
            let killed: Vec<Process> = members.iter().filter(|m| send(m, Signal::KILL)).copied().collect();
            all_gone(&killed, after(KILL_ROUND).min(give_up), wait)?;
            let left = members.iter().filter(|m| is_still_there(m)).count();
            if members.is_empty() || (left > 0 && (killed.is_empty() || Instant::now() >= give_up)) {
                return Ok(left);
            }
        }
    }

    /// Stops all of them, and looks again until no running one is found: a process that is being forked during a look
    /// is then found by its stopped parent in the next.
    fn freeze(&mut self) -> io::Result<Vec<Process>> {
        let mut members = self.members()?;
        for _ in 0..FREEZE_ROUNDS {
            let running = members.iter().filter(|m| !m.is_frozen());
            if running.filter(|m| send(m, Signal::STOP)).count() == 0 {
                break;
            }
            // On a busy machine a process runs on until it is its turn to see the signal, and may fork once more.
            std::thread::sleep(FREEZE_WAIT);
            members = self.members()?;
        }
        Ok(members)
    }
}

/// This process, its ancestors, and their sessions: never a job's.
struct Relatives {
    pids: HashSet<i32>,
    sessions: HashSet<i32>,
    /// Sessions whose leader is alive.
    led: HashSet<i32>,
}

impl Relatives {
    fn of(all: &[Process]) -> Self {
        let mut pids = HashSet::new();
        let mut sessions = HashSet::new();
        let mut next = my_pid();
        while let Some(p) = all.iter().find(|p| p.pid == next && !pids.contains(&next)) {
            pids.insert(p.pid);
            sessions.insert(p.session);
            next = p.parent;
        }
        let led = all.iter().filter(|p| p.pid == p.session && p.is_alive()).map(|p| p.pid).collect();
        Self { pids, sessions, led }
    }

    fn are_above(&self, pid: i32) -> bool {
        self.pids.contains(&pid)
    }

    fn are_our_session(&self, session: i32) -> bool {
        self.sessions.contains(&session)
    }
}

/// Adds children of members, and those who share a session that a member began or whose leader is gone (a session of
/// somebody else's, in which a process merely carries the mark, is left alone). Whether there were any.
fn grow(pids: &mut HashSet<i32>, all: &[Process], relatives: &Relatives) -> bool {
    let is_theirs = |session: i32| pids.contains(&session) || !relatives.led.contains(&session);
    let sessions: HashSet<i32> = all
        .iter()
        .filter(|p| pids.contains(&p.pid) && is_theirs(p.session) && !relatives.are_our_session(p.session))
        .map(|p| p.session)
        .collect();
    let is_next = |p: &&Process| pids.contains(&p.parent) || sessions.contains(&p.session);
    let found: Vec<i32> = all
        .iter()
        .filter(|p| p.is_alive() && !pids.contains(&p.pid) && !relatives.are_above(p.pid))
        .filter(is_next)
        .map(|p| p.pid)
        .collect();
    pids.extend(&found);
    !found.is_empty()
}

fn my_pid() -> i32 {
    getpid().as_raw_nonzero().get()
}

/// A descriptor of `p`, and of no later process that got its id; `None` where there is no such thing.
fn open(p: &Process) -> Result<Option<OwnedFd>, Errno> {
    let pidfd = exit_watch::pidfd(id(p)?)?;
    match table::process(p.pid) {
        Some(now) if now.key() == p.key() => Ok(pidfd),
        _ => Err(Errno::SRCH),
    }
}

fn id(p: &Process) -> Result<Pid, Errno> {
    Pid::from_raw(p.pid).ok_or(Errno::SRCH)
}

fn is_still_there(p: &Process) -> bool {
    table::process(p.pid).is_some_and(|now| now.key() == p.key() && now.is_alive())
}

/// Sends `signal`; false when that is not ours to do, or there is nobody to get it.
fn send(p: &Process, signal: Signal) -> bool {
    let sent = open(p).and_then(|pidfd| match pidfd {
        Some(pidfd) => pidfd_send_signal(pidfd, signal),
        None => kill_process(id(p)?, signal),
    });
    sent.is_ok()
}

/// Waits until each of `processes` has exited, or `until`; whether all have. Those that cannot be opened do not count.
fn all_gone(processes: &[Process], until: Instant, wait: WaitFn<'_>) -> io::Result<bool> {
    for p in processes {
        let is_gone = match open(p) {
            Ok(Some(pidfd)) => wait(pidfd.as_fd(), until)?,
            Ok(None) => is_gone_after_looks(p, until, wait)?,
            Err(_) => true,
        };
        if !is_gone {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Looks again and again where no descriptor tells of the exit.
fn is_gone_after_looks(p: &Process, until: Instant, wait: WaitFn<'_>) -> io::Result<bool> {
    let silent = Bell::new()?;
    while is_still_there(p) {
        if Instant::now() >= until {
            return Ok(false);
        }
        wait(silent.fd(), after(LOOK).min(until))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::process::{Child, Program};
    use super::*;

    /// Descendants that carry no mark and leave the session: only a parent that is stopped, not dead, leads to them.
    #[test]
    fn once_frozen_a_tree_has_no_more_members_at_any_later_look() {
        let script = "while :; do setsid sh -c 'setsid sleep 100000 & exec sleep 100000' & done";
        let program = Program {
            file: "/bin/sh".into(),
            argv: ["sh", "-c", script].map(Into::into).to_vec(),
            dir: "/".into(),
            env: vec![("PATH".into(), "/usr/bin:/bin".into())],
            umask: super::super::process::UMASK,
        };
        for _ in 0..5 {
            let child = Child::start(&program, None).unwrap();
            let mut tree = Tree::of("no job");
            tree.add(child.pid());
            let frozen = keys(&tree.freeze().unwrap());
            let later: Vec<_> = (0..3).map(|_| keys(&tree.members().unwrap())).collect();
            let ended =
                tree.end(Duration::ZERO, &mut |fd, until| Ok(super::super::wait::ready(&[fd], until)? == [true]));
            assert_eq!(ended.unwrap().left, 0);
            assert!(later.iter().all(|members| *members == frozen), "{frozen:?}\n{later:?}");
        }
    }

    fn keys(members: &[Process]) -> HashSet<(i32, u64)> {
        members.iter().map(Process::key).collect()
    }
}
