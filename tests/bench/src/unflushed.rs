//! Edge. A spool whose flushes do nothing, to fill one with a million jobs before a measurement, never within one.

use hookspool::model::{EventKind, JobMeta, RefName};
use hookspool::spool::{Access, Disk, Facts, Inbox, Io, Kind, Lock, Place, RealDisk};
use jiff::Timestamp;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// The real disk, unflushed.
#[derive(Debug)]
struct Unflushed(RealDisk);

impl Disk for Unflushed {
    type File = <RealDisk as Disk>::File;

    fn flush(&self, _: &Self::File) -> Io<()> {
        Ok(())
    }

    fn flush_dir(&self, _: Place) -> Io<()> {
        Ok(())
    }

    fn path(&self, place: Place, name: &OsStr) -> PathBuf {
        self.0.path(place, name)
    }

    fn create(&self, place: Place, name: &OsStr, mode: u32) -> Io<Self::File> {
        self.0.create(place, name, mode)
    }

    fn open(&self, place: Place, name: &OsStr, access: Access) -> Io<Self::File> {
        self.0.open(place, name, access)
    }

    fn facts(&self, file: &Self::File) -> Io<Facts> {
        self.0.facts(file)
    }

    fn facts_at(&self, place: Place, name: &OsStr) -> Io<Facts> {
        self.0.facts_at(place, name)
    }

    fn read_at(&self, file: &Self::File, into: &mut [u8], offset: u64) -> Io<usize> {
        self.0.read_at(file, into, offset)
    }

    fn write_at(&self, file: &Self::File, bytes: &[u8], offset: u64) -> Io<usize> {
        self.0.write_at(file, bytes, offset)
    }

    fn truncate(&self, file: &Self::File, length: u64) -> Io<()> {
        self.0.truncate(file, length)
    }

    fn rename(&self, from: (Place, &OsStr), to: (Place, &OsStr)) -> Io<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, place: Place, name: &OsStr, kind: Kind) -> Io<()> {
        self.0.remove(place, name, kind)
    }

    fn lock(&self, file: &Self::File, lock: Lock) -> Io<bool> {
        self.0.lock(file, lock)
    }

    fn entries(&self, place: Place, visit: &mut dyn FnMut(&OsStr, Kind)) -> Io<()> {
        self.0.entries(place, visit)
    }

    fn lock_dir(&self, place: Place) -> Io<bool> {
        self.0.lock_dir(place)
    }

    fn is_in_place(&self, place: Place) -> Io<bool> {
        self.0.is_in_place(place)
    }

    fn free_bytes(&self) -> Io<u64> {
        self.0.free_bytes()
    }
}

/// Puts `count` small jobs of `hook` into the spool at `root`.
pub fn fill(root: &Path, hook: &str, count: u64) -> io::Result<()> {
    let inbox = Inbox::on(Unflushed(RealDisk::open(root)?)).map_err(io::Error::other)?;
    for number in 0..count {
        append(&inbox, hook, number)?;
    }
    crate::append::settle(root)
}

/// Puts one job into the spool, as a receiver would after its checks.
pub fn append<D: Disk>(inbox: &Inbox<D>, hook: &str, number: u64) -> io::Result<()> {
    let mut draft = inbox.draft().map_err(io::Error::other)?;
    draft.write(format!("{{\"number\":{number}}}").as_bytes()).map_err(io::Error::other)?;
    draft.commit(&meta(hook, number)).map(drop).map_err(io::Error::other)
}

fn meta(hook: &str, number: u64) -> JobMeta {
    JobMeta {
        reference: RefName::branch_named("main"),
        before: Some(format!("{number:040x}")),
        after: Some(format!("{:040x}", number + 1)),
        repository: Some("bench/site".to_owned()),
        pusher: Some("bench".to_owned()),
        delivery: Some(format!("bench-{number}")),
        ..JobMeta::new(hook, "github", EventKind::Push, Timestamp::now())
    }
}
