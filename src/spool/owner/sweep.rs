//! Edge. Removal of what receivers that died left in `tmp/`.

use super::SpoolOwner;
use super::scan::SpoolProblem;
use crate::spool::disk::{Access, Disk, Facts, Kind, Lock, Place};
use crate::spool::error::{SpoolError, words};
use jiff::Timestamp;
use std::ffi::{OsStr, OsString};

/// A file that nobody wrote to for so long is abandoned: a small draft is there for milliseconds, a large one holds its
/// file's lock.
const STALE_S: i64 = 60 * 60;

impl<D: Disk> SpoolOwner<D> {
    /// Removes what nobody needs any more of `tmp/`, `control/`, `holds/` and `outbox/`. Also beside receivers and
    /// verbs at work.
    pub fn tidy(&self, at: Timestamp) -> Result<Vec<SpoolProblem>, SpoolError> {
        let mut problems = Vec::new();
        self.sweep(at, &mut problems)?;
        self.sweep_control(at, &mut problems)?;
        self.sweep_holds(at);
        self.sweep_outbox(at);
        Ok(problems)
    }

    /// Removes abandoned files. A second name of a file goes at once: it is what a power cut leaves of an append whose
    /// new name was durable before its old one was gone, and the job in `queued/` must have one name only. Not flushed:
    /// what comes back is swept again.
    pub(in crate::spool) fn sweep(&self, at: Timestamp, problems: &mut Vec<SpoolProblem>) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        let mut names: Vec<OsString> = Vec::new();
        let listed = disk.entries(Place::Tmp, &mut |name, _| names.push(name.to_owned()));
        listed.map_err(|e| SpoolError::call("list", disk.path(Place::Tmp, OsStr::new("")), e))?;
        for name in names {
            let Ok(facts) = disk.facts_at(Place::Tmp, &name) else { continue };
            let is_double = facts.kind == Kind::Regular && facts.links > 1;
            if !is_double && !self.is_abandoned(&name, facts, at) {
                continue;
            }
            if let Err(errno) = disk.remove(Place::Tmp, &name, facts.kind) {
                let text = format!("cannot be removed: {}; remove it by hand", words(errno));
                problems.push(SpoolProblem { path: disk.path(Place::Tmp, &name), text });
            }
        }
        Ok(())
    }

    fn is_abandoned(&self, name: &OsStr, facts: Facts, at: Timestamp) -> bool {
        let is_old = at.as_second().saturating_sub(facts.modified_s) > STALE_S;
        is_old && (facts.kind != Kind::Regular || !self.is_being_written(name))
    }

    /// A draft that outgrew its buffer holds its file's lock.
    fn is_being_written(&self, name: &OsStr) -> bool {
        let disk = &self.dirs.disk;
        let file = disk.open(Place::Tmp, name, Access::Read);
        file.is_ok_and(|file| disk.lock(&file, Lock::Try).is_ok_and(|free| !free))
    }
}
