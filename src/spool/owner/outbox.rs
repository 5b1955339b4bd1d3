//! Edge. Messages that wait to be sent: `outbox/<id>.<addressee>.json`, and in `failed/` those that nobody will take.

use super::SpoolOwner;
use crate::model::{Addressee, JobId, Tidings};
use crate::spool::disk::reserve::with_reserve;
use crate::spool::disk::version;
use crate::spool::disk::{Access, Disk, Io, JOB_MODE, Kind, Place};
use crate::spool::error::{SpoolError, is_unreadable};
use crate::system::random::random_bytes;
use jiff::Timestamp;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

/// Longest file that is read; ours are some 600 bytes.
const LIMIT_BYTES: usize = 64 * 1024;
/// Ends the name of a file that is being written; no addressee's name holds it.
const UNFINISHED: char = '~';
/// A file that is written is named within moments.
const STALE_S: i64 = 600;
/// Digits of an id in a file's name.
const ID_BYTES: usize = 28;

/// A message and whoever it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Whoever it is for.
    pub addressee: Addressee,
    /// Its facts.
    pub tidings: Tidings,
}

impl Letter {
    /// Name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.{}.json", self.tidings.job, self.addressee)
    }
}

/// A message that nobody will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedLetter {
    /// Its facts.
    #[serde(flatten)]
    pub tidings: Tidings,
    /// The time at which that was known.
    pub failed_at: Timestamp,
    /// The reason.
    pub why: String,
}

/// The outbox, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxView {
    /// Messages that wait, in the order in which they were posted.
    pub waiting: Vec<Letter>,
    /// Messages that failed, the oldest first.
    pub failed: Vec<(Addressee, FailedLetter)>,
    /// Files of either that make no sense.
    pub damaged: usize,
}

impl<D: Disk> SpoolOwner<D> {
    /// Leaves messages to be sent, and gives each its number. One of the same job for the same addressee that has not
    /// been sent is replaced. Durable when it returns.
    pub fn post(&self, letters: &mut [Letter]) -> Result<(), SpoolError> {
        if letters.is_empty() {
            return Ok(());
        }
        let mut last = self.outbox_lock();
        let mut number = self.last_number(*last)?;
        for letter in letters {
            let now_ns = u64::try_from(letter.tidings.at.as_nanosecond()).unwrap_or(0);
            number = now_ns.max(number + 1);
            letter.tidings.number = number;
            self.put(Place::Outbox, &letter.file_name(), &letter.tidings)?;
        }
        *last = Some(number);
        self.flush_place(Place::Outbox)
    }

    /// Every message that waits, in order, and the names of files that make no sense: those are put to those that
    /// failed.
    pub fn letters(&self) -> Result<(Vec<Letter>, Vec<String>), SpoolError> {
        let mut last = self.outbox_lock();
        let (letters, damaged) = read_waiting(&self.dirs.disk)?;
        for name in &damaged {
            self.put_aside_damaged(name);
        }
        let newest = letters.last().map_or(0, |letter| letter.tidings.number);
        *last = Some(last.unwrap_or(0).max(newest));
        Ok((letters, damaged))
    }

    /// A message that failed earlier may have the name: then the file gets one more word.
    fn put_aside_damaged(&self, name: &str) {
        let moved =
            |to: &str| self.dirs.disk.rename((Place::Outbox, OsStr::new(name)), (Place::OutboxFailed, OsStr::new(to)));
        if moved(name) == Err(Errno::EXIST)
            && let Ok(word) = random_bytes::<8>()
        {
            let _looked_at_next_time = moved(&format!("{name}.{}", hex::encode(word)));
        }
    }

    /// Forgets a message that was sent, unless another took its place meanwhile. Durable when it returns: a status that
    /// came back would be sent after its successor.
    pub fn take_out(&self, letter: &Letter) -> Result<(), SpoolError> {
        let _alone = self.outbox_lock();
        self.remove_letter(letter)
    }

    /// Puts a message away that nobody will take, with the reason.
    pub fn put_aside_letter(&self, letter: &Letter, why: &str, at: Timestamp) -> Result<(), SpoolError> {
        let _alone = self.outbox_lock();
        let failed = FailedLetter { tidings: letter.tidings.clone(), failed_at: at, why: why.to_owned() };
        self.put(Place::OutboxFailed, &letter.file_name(), &failed)?;
        self.flush_place(Place::OutboxFailed)?;
        self.remove_letter(letter)
    }

    /// Removes messages that failed before `since`. A file without a sense is as old as its last change.
    pub fn prune_failed_letters(&self, since: Timestamp) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        for name in names(disk, Place::OutboxFailed)? {
            let name = OsStr::new(&name);
            let Ok(facts) = disk.facts_at(Place::OutboxFailed, name) else { continue };
            if facts.kind == Kind::Regular && facts.modified_s < since.as_second() {
                let _looked_at_next_time = disk.remove(Place::OutboxFailed, name, Kind::Regular);
            }
        }
        Ok(())
    }

    /// Removes what a crash left half written.
    pub(in crate::spool) fn sweep_outbox(&self, at: Timestamp) {
        let disk = &self.dirs.disk;
        for place in [Place::Outbox, Place::OutboxFailed] {
            for name in names(disk, place).unwrap_or_default().into_iter().filter(|name| name.ends_with(UNFINISHED)) {
                let Ok(facts) = disk.facts_at(place, name.as_ref()) else { continue };
                if at.as_second().saturating_sub(facts.modified_s) > STALE_S {
                    let _looked_at_next_time = disk.remove(place, name.as_ref(), facts.kind);
                }
            }
        }
    }

    fn outbox_lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.last_letter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_number(&self, last: Option<u64>) -> Result<u64, SpoolError> {
        if let Some(number) = last {
            return Ok(number);
        }
        let (letters, _) = read_waiting(&self.dirs.disk)?;
        Ok(letters.last().map_or(0, |letter| letter.tidings.number))
    }

    fn put(&self, place: Place, name: &str, content: &impl Serialize) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        let fresh = random_bytes::<8>().map_err(|e| SpoolError::call("draw a random name for", "a message", e))?;
        let fresh = format!("{}{UNFINISHED}", hex::encode(fresh));
        let error = |e| SpoolError::call("write", disk.path(place, name.as_ref()), e);
        let mut text = serde_json::to_vec(content).expect("text keys and no floats");
        text.push(b'\n');
        let file = with_reserve(disk, || disk.create(place, fresh.as_ref(), JOB_MODE)).map_err(error)?;
        let written = with_reserve(disk, || disk.write_all_at(&file, &text, 0)).and_then(|()| disk.flush(&file));
        let named = written.and_then(|()| replace(disk, place, fresh.as_ref(), name.as_ref()));
        if named.is_err() {
            let _ = disk.remove(place, fresh.as_ref(), Kind::Regular);
        }
        named.map_err(error)
    }

    fn remove_letter(&self, letter: &Letter) -> Result<(), SpoolError> {
        let (disk, name) = (&self.dirs.disk, letter.file_name());
        let name = OsStr::new(&name);
        let found = read::<D, Tidings>(disk, Place::Outbox, name);
        let found = found.map_err(|e| SpoolError::call("read", disk.path(Place::Outbox, name), e))?;
        if found.is_none_or(|tidings| tidings.number != letter.tidings.number) {
            return Ok(());
        }
        match disk.remove(Place::Outbox, name, Kind::Regular) {
            Ok(()) | Err(Errno::NOENT) => self.flush_place(Place::Outbox),
            Err(errno) => Err(SpoolError::call("remove", disk.path(Place::Outbox, name), errno)),
        }
    }

    fn flush_place(&self, place: Place) -> Result<(), SpoolError> {
        let disk = &self.dirs.disk;
        disk.flush_dir(place).map_err(|e| SpoolError::call("flush", disk.path(place, OsStr::new("")), e))
    }
}

/// The messages that wait and those that failed. Nothing where there is no such directory: an older spool.
pub fn outbox(root: &Path) -> Result<OutboxView, SpoolError> {
    let disk = version::open(root)?;
    let (waiting, damaged) = read_waiting(&disk)?;
    let mut view = OutboxView { waiting, damaged: damaged.len(), ..OutboxView::default() };
    for name in names(&disk, Place::OutboxFailed)?.into_iter().filter(|name| !name.ends_with(UNFINISHED)) {
        let read = || read(&disk, Place::OutboxFailed, name.as_ref()).ok().flatten();
        match parts_of(&name).and_then(|(_, addressee)| Some((addressee, read()?))) {
            Some(failed) => view.failed.push(failed),
            None => view.damaged += 1,
        }
    }
    view.failed.sort_by_key(|(_, letter)| letter.failed_at);
    Ok(view)
}

/// The messages in order, and the names of files that make no sense.
fn read_waiting<D: Disk>(disk: &D) -> Result<(Vec<Letter>, Vec<String>), SpoolError> {
    let (mut letters, mut damaged) = (Vec::new(), Vec::new());
    for name in names(disk, Place::Outbox)? {
        let Some((job, addressee)) = parts_of(&name) else { continue };
        match read::<D, Tidings>(disk, Place::Outbox, name.as_ref()) {
            Ok(Some(tidings)) if tidings.job == job => letters.push(Letter { addressee, tidings }),
            // Sent meanwhile.
            Err(Errno::NOENT) => {}
            Err(errno) if !is_unreadable(errno) => {
                return Err(SpoolError::call("read", disk.path(Place::Outbox, name.as_ref()), errno));
            }
            _ => damaged.push(name),
        }
    }
    letters.sort_by_key(|letter| letter.tidings.number);
    Ok((letters, damaged))
}

fn names<D: Disk>(disk: &D, place: Place) -> Result<Vec<String>, SpoolError> {
    let mut names = Vec::new();
    match disk.entries(place, &mut |name, _| names.extend(name.to_str().map(str::to_owned))) {
        Ok(()) | Err(Errno::NOENT) => Ok(names),
        Err(errno) => Err(SpoolError::call("list", disk.path(place, OsStr::new("")), errno)),
    }
}

/// The job and the addressee that a file's name tells of.
fn parts_of(name: &str) -> Option<(JobId, Addressee)> {
    let (id, rest) = name.split_at_checked(ID_BYTES)?;
    let addressee = rest.strip_prefix('.')?.strip_suffix(".json")?;
    Some((id.parse().ok()?, addressee.parse().ok()?))
}

/// The content of a file, if it makes sense.
fn read<D: Disk, T: serde::de::DeserializeOwned>(disk: &D, place: Place, name: &OsStr) -> Io<Option<T>> {
    let file = disk.open(place, name, Access::Read)?;
    let facts = disk.facts(&file)?;
    if facts.kind != Kind::Regular || facts.size > LIMIT_BYTES as u64 {
        return Ok(None);
    }
    let mut text = vec![0; usize::try_from(facts.size).unwrap_or(LIMIT_BYTES)];
    let filled = disk.read_full_at(&file, &mut text, 0)?;
    Ok(serde_json::from_slice(&text[..filled]).ok())
}

/// Names a file `name`, whatever has that name. A crash in between leaves neither name: whoever posts has not gone on
/// then, and posts again.
fn replace<D: Disk>(disk: &D, place: Place, fresh: &OsStr, name: &OsStr) -> Io<()> {
    match disk.rename((place, fresh), (place, name)) {
        Err(Errno::EXIST) => {}
        done => return done,
    }
    disk.remove(place, name, Kind::Regular)?;
    disk.rename((place, fresh), (place, name))
}
