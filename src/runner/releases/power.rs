//! Edge. Power cuts at every call of a switch, on a disk in memory that forgets like a real one.
//!
//! What it takes for granted of a file system: a rename is there or not; of what one directory was told, no later part
//! is durable without an earlier one (ext4, XFS, btrfs). Nothing is taken for granted of files against directories.

use super::disk::{LogTail, SwitchDisk};
use super::listing::ReleaseMark;
use super::name::ReleaseName;
use super::place::Current;
use super::switch::{mark_good, settle, switch};
use super::switches::{Switch, SwitchKind, parse, whole_lines};
use crate::model::JobId;
use jiff::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// The names beside `current`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Names {
    current: Current,
    unfinished: Current,
    aside: usize,
}

/// The content of the disk: as a process sees it, and as it was flushed.
#[derive(Debug, Clone)]
struct Platter {
    /// The first is durable; each of the others follows by one call.
    names: Vec<Names>,
    log: Vec<u8>,
    durable_log: Vec<u8>,
    whole: BTreeSet<ReleaseName>,
    good: BTreeSet<ReleaseName>,
}

/// A flush that is left out: a bug, put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeftOut {
    Nothing,
    Names,
    Log,
    Release,
}

struct ForgetfulDisk {
    platter: RefCell<Platter>,
    calls: Cell<usize>,
    die_at: usize,
    left_out: LeftOut,
}

impl ForgetfulDisk {
    fn new(current: Current, die_at: usize, left_out: LeftOut) -> Self {
        let names = vec![Names { current, unfinished: Current::Nothing, aside: 0 }];
        let platter =
            Platter { names, log: Vec::new(), durable_log: Vec::new(), whole: BTreeSet::new(), good: BTreeSet::new() };
        Self { platter: RefCell::new(platter), calls: Cell::new(0), die_at, left_out }
    }

    /// The disks that a reboot may find: so many of the calls on names took effect, and so much of the log.
    fn after(&self) -> Vec<Self> {
        let platter = self.platter.borrow();
        let mut found = Vec::new();
        for names in &platter.names {
            for end in [
                platter.durable_log.len(),
                usize::midpoint(platter.durable_log.len(), platter.log.len()),
                platter.log.len(),
            ] {
                let log = platter.log[..end.min(platter.log.len())].to_vec();
                let left = Platter { names: vec![names.clone()], durable_log: log.clone(), log, ..platter.clone() };
                let left_out = LeftOut::Nothing;
                found.push(Self { platter: RefCell::new(left), calls: Cell::new(0), die_at: usize::MAX, left_out });
            }
        }
        found
    }

    fn enter(&self) -> io::Result<()> {
        self.calls.set(self.calls.get() + 1);
        if self.calls.get() >= self.die_at { Err(io::ErrorKind::Other.into()) } else { Ok(()) }
    }

    fn names(&self) -> Names {
        self.platter.borrow().names.last().cloned().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Names)) -> io::Result<()> {
        self.enter()?;
        let mut names = self.names();
        change(&mut names);
        self.platter.borrow_mut().names.push(names);
        Ok(())
    }
}

impl SwitchDisk for ForgetfulDisk {
    fn current(&self) -> io::Result<Current> {
        self.enter().map(|()| self.names().current)
    }

    fn unfinished(&self) -> io::Result<Current> {
        self.enter().map(|()| self.names().unfinished)
    }

    fn make_link(&self, to: &ReleaseName) -> io::Result<()> {
        self.change(|names| names.unfinished = Current::Release(to.clone()))
    }

    fn remove_link(&self) -> io::Result<()> {
        self.change(|names| names.unfinished = Current::Nothing)
    }

    fn put_link(&self) -> io::Result<()> {
        assert_ne!(self.names().current, Current::Directory, "rename(2) would refuse it");
        self.change(|names| names.current = std::mem::replace(&mut names.unfinished, Current::Nothing))
    }

    fn exchange_link(&self) -> io::Result<()> {
        self.change(|names| std::mem::swap(&mut names.current, &mut names.unfinished))
    }

    fn set_aside(&self) -> io::Result<PathBuf> {
        assert_eq!(self.names().unfinished, Current::Directory);
        self.change(|names| {
            names.unfinished = Current::Nothing;
            names.aside += 1;
        })?;
        Ok(PathBuf::from("aside"))
    }

    fn flush_names(&self) -> io::Result<()> {
        self.enter()?;
        if self.left_out != LeftOut::Names {
            let names = self.names();
            self.platter.borrow_mut().names = vec![names];
        }
        Ok(())
    }

    fn read_log(&self) -> io::Result<LogTail> {
        self.enter()?;
        let log = &self.platter.borrow().log;
        Ok(LogTail { switches: parse(log), length: whole_lines(log) as u64 })
    }

    fn write_log(&self, length: u64, line: &[u8]) -> io::Result<()> {
        self.enter()?;
        let mut platter = self.platter.borrow_mut();
        platter.log.truncate(usize::try_from(length).unwrap());
        platter.log.extend_from_slice(line);
        drop(platter);
        self.enter()?; // the flush
        if self.left_out != LeftOut::Log {
            let log = self.platter.borrow().log.clone();
            self.platter.borrow_mut().durable_log = log;
        }
        Ok(())
    }

    fn flush_release(&self, release: &ReleaseName) -> io::Result<()> {
        self.enter()?;
        if self.left_out != LeftOut::Release {
            self.platter.borrow_mut().whole.insert(release.clone());
        }
        Ok(())
    }

    fn write_mark(&self, release: &ReleaseName, _text: &[u8]) -> io::Result<()> {
        self.enter()?;
        self.platter.borrow_mut().good.insert(release.clone());
        Ok(())
    }
}

fn name(number: u64) -> ReleaseName {
    ReleaseName::new(number, "1a2b3c4d5e")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Two jobs and a rollback. What is current for sure is told after each.
fn story(disk: &ForgetfulDisk, told: &mut dyn FnMut(u64)) -> Result<(), ()> {
    let job = JobId::new(1, 1).unwrap();
    for number in [1, 2] {
        let mark = ReleaseMark { at: at(1), commit: "1a".into(), reference: None, job };
        mark_good(disk, &name(number), &mark).map_err(drop)?;
        go(disk, SwitchKind::Switch, number, told)?;
    }
    go(disk, SwitchKind::Rollback, 1, told)
}

fn go(disk: &ForgetfulDisk, what: SwitchKind, number: u64, told: &mut dyn FnMut(u64)) -> Result<(), ()> {
    let switched = switch(disk, Switch::new(at(2), what, name(number))).map_err(drop)?;
    if switched.warnings.is_empty() {
        told(number);
        return Ok(());
    }
    Err(())
}

/// Broken promises on the disks that a reboot may find after a cut at any call.
fn wrong(begin: &Current, left_out: LeftOut) -> Vec<String> {
    let calls = {
        let disk = ForgetfulDisk::new(begin.clone(), usize::MAX, LeftOut::Nothing);
        story(&disk, &mut |_| {}).unwrap();
        disk.calls.get()
    };
    assert!(calls > 25, "only {calls} calls");
    let mut wrong = Vec::new();
    for die_at in 1..=calls + 1 {
        let disk = ForgetfulDisk::new(begin.clone(), die_at, left_out);
        let mut sure = Vec::new();
        let _cut = story(&disk, &mut |number| sure.push(number));
        for after in disk.after() {
            wrong.extend(broken(&after, begin, &sure).map(|what| format!("call {die_at} of {calls}: {what}")));
        }
    }
    wrong
}

/// The promise that a disk breaks, if it does.
fn broken(after: &ForgetfulDisk, begin: &Current, sure: &[u64]) -> Option<String> {
    let found = after.names().current;
    let platter = after.platter.borrow().clone();
    match &found {
        Current::Release(release) if !platter.good.contains(release) => return Some(format!("{release} has no mark")),
        Current::Release(release) if !platter.whole.contains(release) => {
            return Some(format!("{release} is not whole"));
        }
        Current::Release(_) => {}
        other if other == begin && sure.is_empty() => {}
        other => return Some(format!("current is {other:?} after {sure:?}")),
    }
    let log = match settle(after, at(3)) {
        Ok(log) => log,
        Err((verb, error)) => return Some(format!("cannot {verb}: {error}")),
    };
    let names = after.names();
    if names.unfinished != Current::Nothing {
        return Some(format!("a leftover: {names:?}"));
    }
    if *begin == Current::Directory && names.current != Current::Directory && names.aside != 1 {
        return Some(format!("the directory of before is lost: {names:?}"));
    }
    let last = log.switches.last().map(|switch| switch.release.number());
    let current = names.current.release().map(ReleaseName::number);
    if last != current {
        return Some(format!("the log ends with {last:?}, and current is {current:?}"));
    }
    let logged: Vec<u64> = log.switches.iter().map(|switch| switch.release.number()).collect();
    if !logged.starts_with(sure) {
        return Some(format!("{sure:?} were told, and the log has {logged:?}"));
    }
    None
}

#[test]
fn a_power_cut_at_any_call_of_a_switch_leaves_a_whole_release_and_a_log_that_is_right() {
    for begin in [Current::Nothing, Current::Directory, Current::Elsewhere("old".into())] {
        assert_eq!(wrong(&begin, LeftOut::Nothing), [""; 0], "{begin:?}");
    }
}

#[test]
fn each_flush_of_a_switch_that_is_left_out_is_missed() {
    for left_out in [LeftOut::Names, LeftOut::Log, LeftOut::Release] {
        assert!(!wrong(&Current::Nothing, left_out).is_empty(), "nobody missed the flush of {left_out:?}");
    }
}
