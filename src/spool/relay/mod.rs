//! Edge. The relay's part of the spool, `relay/`: the runner's alone, and there once a host is one of several. Opens
//! files below that directory.
//!
//! ```text
//! relay/
//!   identity          32 hex digits: this spool, whatever its host is called
//!   out/<host>/<id>   empty: that host has not yet said that it has the job
//!   heard/<host>      a line for each job of which it said so: `<id> <time> <words>`
//!   taken             a line for each job that came from another host: `<id> <time> <its name>`
//!   again             empty: a person wants sent again at once what was refused
//!   state             JSON: the state of the relay, for people; a hint, never flushed
//! ```
//!
//! - **Mark** ([`RelayDir::mark`]): the files, flushed with their directory, before the job leaves `queued/`.
//! - **Unmark** ([`RelayDir::unmark`]): remove, flush, and only then the receipt is acknowledged.

mod host_book;
mod host_words;
mod ledger;
mod state;

pub use host_book::HostBook;
pub use host_words::{HostQueue, HostWord, HostWords};
pub use ledger::{JobLedger, LedgerWord};
pub use state::{RelayPeer, RelayState};

use crate::model::JobId;
use crate::spool::disk::Place;
use crate::spool::disk::create::{audience, mode_of};
use crate::spool::error::SpoolError;
use crate::system::random::random_bytes;
use rustix::fs::{Mode, OFlags, chmod, fsync, open};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Most markers of one host that are kept in memory: a million of them take no more.
const MARKED_LIMIT: usize = 5_000;
/// Longest file that is read of those that hold one thing: the state names the jobs on their way to a hundred hosts.
const FILE_LIMIT_BYTES: u64 = 8 * 1024 * 1024;

/// The directory `relay/` of a spool.
#[derive(Debug, Clone)]
pub struct RelayDir {
    root: PathBuf,
    mode: u32,
}

impl RelayDir {
    /// That of the spool at `spool`; perhaps not made yet.
    pub fn of(spool: &Path) -> Self {
        Self { root: spool.join("relay"), mode: mode_of(Place::Log, audience(spool)) }
    }

    /// Makes what is missing.
    pub fn make(&self) -> Result<(), SpoolError> {
        for path in [self.root.clone(), self.root.join("out"), self.root.join("heard")] {
            self.make_dir(&path)?;
        }
        Ok(())
    }

    /// The words by which this spool is told from another of the same host's name; drawn when they are first asked for.
    pub fn identity(&self) -> Result<String, SpoolError> {
        let path = self.root.join("identity");
        if let Some(text) = read_small(&path)?.filter(|text| is_identity(text.trim())) {
            return Ok(text.trim().to_owned());
        }
        let drawn = random_bytes::<16>().map_err(|e| SpoolError::call("draw a random name for", &path, e))?;
        let text = hex::encode(drawn);
        self.replace("identity", format!("{text}\n").as_bytes(), true)?;
        Ok(text)
    }

    /// Notes that these hosts are to get these jobs; durable when it returns. Again is as good as once.
    pub fn mark(&self, marks: &BTreeSet<(String, JobId)>) -> Result<(), SpoolError> {
        let mut made: BTreeSet<&str> = BTreeSet::new();
        for (host, id) in marks {
            let dir = self.out(host);
            if made.insert(host) {
                self.make_dir(&dir)?;
            }
            let path = dir.join(id.to_string());
            let opened = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o640).open(&path);
            opened.map_err(|e| failed("create", &path, &e))?;
        }
        made.into_iter().try_for_each(|host| flush_dir(&self.out(host)))
    }

    /// Removes marks of one host; durable when it returns.
    pub fn unmark(&self, host: &str, ids: &[JobId]) -> Result<(), SpoolError> {
        for id in ids {
            let path = self.out(host).join(id.to_string());
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", &path, &error)),
                _ => {}
            }
        }
        if ids.is_empty() { Ok(()) } else { flush_dir(&self.out(host)) }
    }

    /// Wants what was refused, or too large, sent again at once.
    pub fn ask_again(&self) -> Result<(), SpoolError> {
        self.replace("again", b"", false)
    }

    /// True if somebody wanted that since the last time.
    pub fn take_again(&self) -> bool {
        fs::remove_file(self.root.join("again")).is_ok()
    }

    /// The hosts that have or had marks.
    pub fn hosts(&self) -> Result<Vec<String>, SpoolError> {
        let mut hosts = Vec::new();
        visit(&self.root.join("out"), &mut |name| hosts.push(name.to_owned()))?;
        hosts.sort_unstable();
        Ok(hosts)
    }

    /// The oldest jobs that `host` has not taken, in order, and the number of all.
    pub fn marked(&self, host: &str) -> Result<(Vec<JobId>, usize), SpoolError> {
        let mut oldest = OldestFirst::default();
        let count = self.visit_marked(host, &mut |id| oldest.add(id))?;
        Ok((oldest.sorted(), count))
    }

    /// The same, where jobs that are `set_aside` do not count among the oldest, and come all the same.
    pub fn marked_but(&self, host: &str, set_aside: &dyn Fn(JobId) -> bool) -> Result<Vec<JobId>, SpoolError> {
        let (mut oldest, mut aside) = (OldestFirst::default(), Vec::new());
        self.visit_marked(host, &mut |id| if set_aside(id) { aside.push(id) } else { oldest.add(id) })?;
        aside.extend(oldest.sorted());
        aside.sort_unstable();
        Ok(aside)
    }

    fn visit_marked(&self, host: &str, see: &mut dyn FnMut(JobId)) -> Result<usize, SpoolError> {
        let mut count = 0;
        visit(&self.out(host), &mut |name| {
            if let Ok(id) = name.parse() {
                count += 1;
                see(id);
            }
        })?;
        Ok(count)
    }

    /// True if `host` has not taken the job.
    pub fn is_marked(&self, host: &str, id: JobId) -> Result<bool, SpoolError> {
        let path = self.out(host).join(id.to_string());
        path.try_exists().map_err(|e| failed("look at", &path, &e))
    }

    /// The hosts that have not taken the job.
    pub fn waiting_for(&self, id: JobId) -> Result<Vec<String>, SpoolError> {
        let name = id.to_string();
        Ok(self.hosts()?.into_iter().filter(|host| self.out(host).join(&name).exists()).collect())
    }

    /// The words of `host` about jobs, for the one process that adds to them.
    pub fn heard_of(&self, host: &str) -> Result<JobLedger, SpoolError> {
        JobLedger::open(self.root.join("heard").join(host))
    }

    /// The words of all hosts about jobs, for people.
    pub fn heard(&self) -> Result<BTreeMap<String, BTreeMap<JobId, LedgerWord>>, SpoolError> {
        let (dir, mut hosts) = (self.root.join("heard"), Vec::new());
        visit(&dir, &mut |name| hosts.push(name.to_owned()))?;
        hosts.into_iter().map(|host| ledger::read(&dir.join(&host)).map(|words| (host, words))).collect()
    }

    /// The jobs that came from other hosts.
    pub fn taken(&self) -> Result<JobLedger, SpoolError> {
        JobLedger::open(self.root.join("taken"))
    }

    /// Leaves the state of the relay for people. What a crash leaves of it may make no sense.
    pub fn leave_state(&self, state: &RelayState) -> Result<(), SpoolError> {
        self.replace("state", &state.to_bytes(), false)
    }

    /// The state that was left last, if it makes sense.
    pub fn state(&self) -> Option<RelayState> {
        read_small(&self.root.join("state")).ok().flatten().and_then(|text| RelayState::read(&text))
    }

    /// The directory itself: a file in it is new when the state is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    fn out(&self, host: &str) -> PathBuf {
        self.root.join("out").join(host)
    }

    fn make_dir(&self, path: &Path) -> Result<(), SpoolError> {
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            other => other.map_err(|e| failed("create", path, &e))?,
        }
        chmod(path, Mode::from_raw_mode(self.mode)).map_err(|e| SpoolError::call("set the mode of", path, e))?;
        path.parent().map_or(Ok(()), flush_dir)
    }

    fn replace(&self, name: &str, text: &[u8], is_flushed: bool) -> Result<(), SpoolError> {
        let (path, fresh) = (self.root.join(name), self.root.join(format!("{name}~")));
        let write = || {
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create(true).truncate(true).mode(0o640).open(&fresh)?;
            file.write_all(text)?;
            if is_flushed { file.sync_all() } else { Ok(()) }
        };
        write().and_then(|()| fs::rename(&fresh, &path)).map_err(|e| failed("write", &path, &e))?;
        if is_flushed { flush_dir(&self.root) } else { Ok(()) }
    }
}

/// The oldest of many jobs.
#[derive(Default)]
struct OldestFirst(BinaryHeap<JobId>);

impl OldestFirst {
    fn add(&mut self, id: JobId) {
        self.0.push(id);
        if self.0.len() > MARKED_LIMIT {
            self.0.pop();
        }
    }

    fn sorted(self) -> Vec<JobId> {
        self.0.into_sorted_vec()
    }
}

fn is_identity(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Shows the names of a directory that may not be there; unfinished ones and those of strangers are none.
fn visit(path: &Path, see: &mut dyn FnMut(&str)) -> Result<(), SpoolError> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(|e| failed("list", path, &e))?,
    };
    for entry in entries {
        let entry = entry.map_err(|e| failed("list", path, &e))?;
        if let Some(name) = entry.file_name().to_str().filter(|name| !name.ends_with('~')) {
            see(name);
        }
    }
    Ok(())
}

fn read_small(path: &Path) -> Result<Option<String>, SpoolError> {
    let read = || {
        let mut text = String::new();
        fs::File::open(path)?.take(FILE_LIMIT_BYTES).read_to_string(&mut text).map(|_| text)
    };
    match read() {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
        Err(error) => Err(failed("read", path, &error)),
    }
}

fn flush_dir(path: &Path) -> Result<(), SpoolError> {
    let opened = open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    opened.and_then(fsync).map_err(|e| SpoolError::call("flush", path, e))
}

fn failed(call: &'static str, path: &Path, error: &io::Error) -> SpoolError {
    SpoolError::call(call, path, Errno::from_io_error(error).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(sequence: u64) -> JobId {
        JobId::new(sequence, 7).unwrap()
    }

    fn made() -> (tempfile::TempDir, RelayDir) {
        let dir = tempfile::tempdir().unwrap();
        let relay = RelayDir::of(dir.path());
        relay.make().unwrap();
        relay.make().unwrap();
        (dir, relay)
    }

    #[test]
    fn marks_are_there_in_order_until_they_are_removed() {
        let (_dir, relay) = made();
        let marks: BTreeSet<_> = [3, 1, 2].map(|n| ("web1".to_owned(), id(n))).into();
        relay.mark(&marks).unwrap();
        relay.mark(&marks).unwrap();
        relay.mark(&[("web2".to_owned(), id(2))].into()).unwrap();
        assert_eq!(relay.hosts().unwrap(), ["web1", "web2"]);
        assert_eq!(relay.marked("web1").unwrap(), (vec![id(1), id(2), id(3)], 3));
        assert_eq!(relay.waiting_for(id(2)).unwrap(), ["web1", "web2"]);
        relay.unmark("web1", &[id(2), id(9)]).unwrap();
        assert_eq!(relay.marked("web1").unwrap(), (vec![id(1), id(3)], 2));
        assert_eq!(relay.marked("nobody").unwrap(), (vec![], 0));
        assert!(relay.is_marked("web1", id(3)).unwrap() && !relay.is_marked("web1", id(2)).unwrap());
    }

    #[test]
    fn jobs_that_are_set_aside_leave_room_for_those_behind_them() {
        let (_dir, relay) = made();
        let many = MARKED_LIMIT as u64 + 10;
        relay.mark(&(1..=many).map(|n| ("web1".to_owned(), id(n))).collect()).unwrap();
        let refused = |job: JobId| job <= id(20);
        let all = relay.marked_but("web1", &refused).unwrap();
        assert_eq!((all.len() as u64, all[0], *all.last().unwrap()), (many, id(1), id(many)));
        assert_eq!(relay.marked_but("web1", &|_| false).unwrap().last(), Some(&id(MARKED_LIMIT as u64)));
    }

    #[test]
    fn an_identity_stays_and_two_spools_have_two() {
        let ((_a, one), (_b, other)) = (made(), made());
        let first = one.identity().unwrap();
        assert_eq!((first.len(), one.identity().unwrap()), (32, first.clone()));
        assert_ne!(other.identity().unwrap(), first);
        fs::write(one.root.join("identity"), "torn").unwrap();
        assert_ne!(one.identity().unwrap(), first);
    }
}
