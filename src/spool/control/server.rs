//! Edge. The runner's side: takes requests, and answers them.

use super::{LIMIT_BYTES, place, read, remove, rename};
use crate::spool::control::order::{Answer, Request};
use crate::spool::disk::{Disk, Kind, Place};
use crate::spool::error::SpoolError;
use crate::spool::owner::SpoolOwner;
use crate::spool::owner::scan::SpoolProblem;
use jiff::Timestamp;
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};

/// Time after which a request or an answer that nobody took is swept away: whoever gave that order is gone.
const STALE_S: i64 = 600;
/// Most requests that one look takes.
const BATCH: usize = 64;

/// A request that the runner has taken, and owes an answer.
#[derive(Debug)]
pub struct TakenRequest {
    stem: String,
    /// The request, or why it is none.
    pub request: Result<Request, String>,
}

impl<D: Disk> SpoolOwner<D> {
    /// Takes what people have asked since the last look. What is no request is removed, if it can be.
    pub fn take_requests(&self, at: Timestamp) -> Result<Vec<TakenRequest>, SpoolError> {
        let mut names: Vec<OsString> = Vec::new();
        self.list_control(&mut |name, _| names.push(name.to_owned()))?;
        let requests = names.iter().filter_map(|name| stem_of(name, ".request"));
        Ok(requests.filter_map(|stem| self.take_request(stem, at)).take(BATCH).collect())
    }

    /// Answers a request. What cannot be answered (a full disk) is for the verb to ask again.
    pub fn answer(&self, taken: &TakenRequest, answer: &Answer) {
        let disk = &self.dirs.disk;
        let mut text = serde_json::to_vec(answer).expect("text keys and no floats");
        if text.len() > LIMIT_BYTES {
            let long = Answer::Error("done, but the answer is too long to be written".to_owned());
            text = serde_json::to_vec(&long).expect("text keys and no floats");
        }
        let _asked_again = place(disk, &format!("{}.answer", taken.stem), &text);
        let _swept_later = remove(disk, format!("{}.taken", taken.stem).as_ref());
    }

    /// Puts back what a runner that died had taken. Before the first look.
    pub fn put_requests_back(&self) -> Result<(), SpoolError> {
        let mut taken = Vec::new();
        self.list_control(&mut |name, _| taken.extend(stem_of(name, ".taken").map(str::to_owned)))?;
        for stem in taken {
            let _swept_later = rename(&self.dirs.disk, &format!("{stem}.taken"), &format!("{stem}.request"));
        }
        Ok(())
    }

    /// Removes what is old in `control/`, whatever it is.
    pub(in crate::spool) fn sweep_control(
        &self,
        at: Timestamp,
        problems: &mut Vec<SpoolProblem>,
    ) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        let mut found: Vec<OsString> = Vec::new();
        self.list_control(&mut |name, _| found.push(name.to_owned()))?;
        for name in found {
            let Ok(facts) = disk.facts_at(Place::Control, &name) else { continue };
            if is_stale(facts.modified_s, at) && disk.remove(Place::Control, &name, facts.kind).is_err() {
                let text = "is no order, and cannot be removed; remove it by hand".to_owned();
                problems.push(SpoolProblem { path: disk.path(Place::Control, &name), text });
            }
        }
        Ok(())
    }

    /// `None`: it was taken back, or is too old, or is nothing that the owner of the spool wrote.
    fn take_request(&self, stem: &str, at: Timestamp) -> Option<TakenRequest> {
        let disk = &self.dirs.disk;
        let (name, taken) = (format!("{stem}.request"), format!("{stem}.taken"));
        let facts = disk.facts_at(Place::Control, name.as_ref()).ok()?;
        let wrong = facts.kind != Kind::Regular || !self.dirs.owners.may_own_history(facts);
        if wrong || is_stale(facts.modified_s, at) {
            let _not_ours = disk.remove(Place::Control, name.as_ref(), facts.kind);
            return None;
        }
        rename(disk, &name, &taken).ok()?;
        let text = read(disk, &taken, |facts| self.dirs.owners.may_own_history(facts));
        let request = match text {
            Ok(Some(text)) => serde_json::from_slice(&text).map_err(|error| format!("this is no order: {error}")),
            Ok(None) => Err(format!("an order is one file of its owner's, of at most {LIMIT_BYTES} bytes")),
            Err(errno) => Err(format!("the order cannot be read: {}", crate::spool::error::words(errno))),
        };
        Some(TakenRequest { stem: stem.to_owned(), request })
    }

    fn list_control(&self, visit: &mut dyn FnMut(&OsStr, Kind)) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        match disk.entries(Place::Control, visit) {
            Err(Errno::NOENT) => Ok(()),
            other => other.map_err(|e| SpoolError::call("list", disk.path(Place::Control, OsStr::new("")), e)),
        }
    }
}

fn is_stale(modified_s: i64, at: Timestamp) -> bool {
    at.as_second().saturating_sub(modified_s) > STALE_S
}

/// `<16 hex>` of `<16 hex><end>`.
fn stem_of<'a>(name: &'a OsStr, end: &str) -> Option<&'a str> {
    let stem = name.to_str()?.strip_suffix(end)?;
    let is_hex = stem.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (stem.len() == 16 && is_hex).then_some(stem)
}
