//! Edge. The switch: in which order a disk is changed, so that whoever is cut short leaves one whole release current
//! and a log that the next one puts right.

use super::disk::{LogTail, SwitchDisk};
use super::fault::ReleaseFault;
use super::listing::ReleaseMark;
use super::name::ReleaseName;
use super::place::{Current, ReleasesDir, ReleasesLock};
use super::switches::{Switch, SwitchKind};
use crate::system::errno::words;
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;

/// The result of a switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Switched {
    /// The release that was current before.
    pub previous: Option<ReleaseName>,
    /// The place to which a real directory was moved that stood where the link is.
    pub aside: Option<PathBuf>,
    /// Failures of what is done beside it.
    pub warnings: Vec<String>,
    /// `true` if it was current already.
    pub was_current: bool,
}

impl ReleasesDir {
    /// Marks a release as good: its files are durable, then its mark is.
    pub fn mark_good(&self, release: &ReleaseName, mark: &ReleaseMark) -> Result<(), ReleaseFault> {
        mark_good(self, release, mark).map_err(|error| ReleaseFault::call("mark", &self.path_of(release), &error))
    }

    /// Takes the mark away, if it has one: the release is not good after all.
    pub fn unmark(&self, release: &ReleaseName) -> Result<(), ReleaseFault> {
        self.remove_mark(release).map_err(|error| ReleaseFault::call("remove", &self.mark_of(release), &error))
    }

    /// Lets `current` lead to the release of `to`, and writes that down.
    pub fn switch(&self, _lock: &ReleasesLock, to: Switch) -> Result<Switched, ReleaseFault> {
        if !self.path_of(&to.release).is_dir() {
            return Err(ReleaseFault::new(format!("release {} is gone", to.release)));
        }
        switch(self, to).map_err(|(verb, error)| self.explain(verb, &error))
    }

    /// The rollback that was done after the log had `length` bytes, if there was one.
    pub fn rollback_since(&self, length: u64) -> Result<Option<Switch>, ReleaseFault> {
        let since = self.switches_since(length).map_err(|error| ReleaseFault::call("read", &self.log(), &error))?;
        Ok(since.into_iter().rev().find(|switch| switch.what == SwitchKind::Rollback))
    }

    /// Bytes of whole lines of the log, after what was not written down is.
    pub fn settle(&self, _lock: &ReleasesLock, at: Timestamp) -> Result<u64, ReleaseFault> {
        settle(self, at).map(|log| log.length).map_err(|(verb, error)| self.explain(verb, &error))
    }

    fn explain(&self, verb: &'static str, error: &io::Error) -> ReleaseFault {
        let link = self.link();
        if verb != "exchange" {
            return ReleaseFault::call(verb, &link, error);
        }
        ReleaseFault::new(format!(
            "`{link}` is a directory, and its file system cannot exchange it for a link in one step; move it away \
             (`mv {link} {link}.old`), and the next job makes the link",
            link = link.display()
        ))
    }
}

type CallError = (&'static str, io::Error);

pub(super) fn mark_good<D: SwitchDisk>(disk: &D, release: &ReleaseName, mark: &ReleaseMark) -> io::Result<()> {
    disk.flush_release(release)?;
    let mut text = serde_json::to_vec(mark).expect("text keys and no floats");
    text.push(b'\n');
    disk.write_mark(release, &text)
}

/// Puts right what a switch left that was cut short; the log as it is then.
pub(super) fn settle<D: SwitchDisk>(disk: &D, at: Timestamp) -> Result<LogTail, CallError> {
    match disk.unfinished().map_err(|error| ("look at", error))? {
        Current::Nothing => {}
        // The exchange was done, and what stood there has no name of its own yet.
        Current::Directory => drop(disk.set_aside().map_err(|error| ("set aside what stood at", error))?),
        _ => disk.remove_link().map_err(|error| ("remove the leftover of", error))?,
    }
    let current = disk.current().map_err(|error| ("look at", error))?;
    let mut log = disk.read_log().map_err(|error| ("read the log of", error))?;
    let last = log.switches.last().map(|last| last.release.clone());
    if let Some(current) = current.release().filter(|current| last.as_ref() != Some(current)) {
        let found = Switch { previous: last, ..Switch::new(at, SwitchKind::Found, current.clone()) };
        disk.flush_names().map_err(|error| ("flush", error))?;
        write_down(disk, &mut log, found).map_err(|error| ("write the log of", error))?;
    }
    Ok(log)
}

pub(super) fn switch<D: SwitchDisk>(disk: &D, to: Switch) -> Result<Switched, CallError> {
    let mut log = settle(disk, to.at)?;
    let before = disk.current().map_err(|error| ("look at", error))?;
    let previous = before.release().cloned();
    if previous.as_ref() == Some(&to.release) {
        return Ok(Switched { was_current: true, ..Switched::default() });
    }
    if before == Current::NoDirectory {
        return Err(("replace", io::ErrorKind::NotADirectory.into()));
    }
    disk.make_link(&to.release).map_err(|error| ("make a link for", error))?;
    let put = if before == Current::Directory { disk.exchange_link() } else { disk.put_link() };
    if let Err(error) = put {
        let _removed_next_time = disk.remove_link();
        return Err((if before == Current::Directory { "exchange" } else { "switch" }, error));
    }
    let mut warnings = Vec::new();
    let mut warn = |what: &str, error: &io::Error| warnings.push(format!("cannot {what}: {}", words(error)));
    let aside = if before == Current::Directory {
        disk.set_aside().inspect_err(|error| warn("set the directory of before aside", error)).ok()
    } else {
        None
    };
    let _said = disk.flush_names().inspect_err(|error| warn("flush the switch", error));
    let line = Switch { previous: previous.clone(), ..to };
    let _said = write_down(disk, &mut log, line).inspect_err(|error| warn("write the switch down", error));
    Ok(Switched { previous, aside, warnings, was_current: false })
}

fn write_down<D: SwitchDisk>(disk: &D, log: &mut LogTail, switch: Switch) -> io::Result<()> {
    let line = switch.to_line();
    disk.write_log(log.length, &line)?;
    log.length += line.len() as u64;
    log.switches.push(switch);
    Ok(())
}
