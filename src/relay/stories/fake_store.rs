//! Edge. A spool in memory that forgets like a real one: names that were not flushed may be gone after a power cut.

use super::Shared;
use crate::model::{JobId, JobMeta};
use crate::relay::store::JobStore;
use crate::spool::{HostWord, Inbox, SealedJob, SealedLine, SpoolError, SpoolOwner};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// The payload of each job.
const PAYLOAD: &[u8] = b"{\"a\": 1}";
/// Jobs of all stories.
const POOL: usize = 8;

/// The jobs of all stories, as a real spool sealed them.
pub(super) fn pool() -> &'static [(JobId, Vec<u8>)] {
    static JOBS: OnceLock<Vec<(JobId, Vec<u8>)>> = OnceLock::new();
    JOBS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let owner = SpoolOwner::lock(dir.path()).unwrap();
        let made = |number: usize| {
            let mut draft = Inbox::open(dir.path()).unwrap().draft().unwrap();
            draft.write(PAYLOAD).unwrap();
            let delivery = Some(number.to_string());
            let meta = JobMeta::new("docs", "github", crate::model::EventKind::Push, Timestamp::now());
            let id = draft.commit(&JobMeta { delivery, ..meta }).unwrap();
            let SealedJob::Whole { line, .. } = owner.sealed(id, 1024).unwrap() else { panic!("it is whole") };
            (id, line.as_bytes().to_vec())
        };
        (0..POOL).map(made).collect()
    })
}

/// The disk of one host.
#[derive(Default)]
pub(super) struct FakeSpool {
    /// The jobs that each host has not taken.
    pub(super) marks: BTreeMap<String, BTreeSet<JobId>>,
    words: BTreeMap<(String, JobId), String>,
    /// Jobs that wait, with the knowledge whether their names are durable.
    pub(super) queued: BTreeMap<JobId, bool>,
    /// Jobs that ended and are kept.
    pub(super) done: BTreeSet<JobId>,
    /// The number of times that each was run.
    pub(super) ran: BTreeMap<JobId, u32>,
    taken: BTreeMap<JobId, String>,
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
}

impl FakeSpool {
    /// The runner runs what waits; that it began is on the disk.
    pub(super) fn run(&mut self) {
        for id in std::mem::take(&mut self.queued).into_keys() {
            *self.ran.entry(id).or_default() += 1;
            self.done.insert(id);
        }
    }

    /// The power is cut: of the names that were not flushed some are gone.
    pub(super) fn cut(&mut self, survives: &mut dyn FnMut() -> bool) {
        self.queued.retain(|_, is_durable| *is_durable || survives());
        self.queued.values_mut().for_each(|is_durable| *is_durable = true);
    }

    fn is_safe(&self, id: JobId) -> bool {
        self.ran.contains_key(&id) || self.queued.get(&id).is_some_and(|is_durable| *is_durable)
    }
}

/// The disk of a host, for the relay on it.
pub(super) struct FakeStore {
    pub(super) world: Shared,
    pub(super) host: usize,
}

impl FakeStore {
    /// One call: nothing of it happens to a dead host, and of the call at which it dies all or nothing.
    fn call<T>(&self, work: impl FnOnce(&mut FakeSpool) -> T) -> Result<T, SpoolError> {
        let mut world = self.world.borrow_mut();
        let was_dead = world.hosts[self.host].is_dead;
        let lives = world.enter(self.host);
        if lives || (!was_dead && world.dice.happens(50)) {
            let done = work(&mut world.hosts[self.host].spool);
            if lives {
                return Ok(done);
            }
        }
        Err(SpoolError::NoSuchJob(pool()[0].0))
    }

    fn look<T>(&self, look: impl FnOnce(&FakeSpool) -> T) -> T {
        look(&self.world.borrow().hosts[self.host].spool)
    }
}

impl JobStore for FakeStore {
    fn takes_again(&mut self) -> bool {
        let mut world = self.world.borrow_mut();
        world.fails(2)
    }

    fn hosts(&self) -> Result<Vec<String>, SpoolError> {
        self.call(|spool| spool.marks.keys().cloned().collect())
    }

    fn marked(&self, host: &str, _: &dyn Fn(JobId) -> bool) -> Result<Vec<JobId>, SpoolError> {
        self.call(|spool| spool.marks[host].iter().copied().collect())
    }

    fn is_marked(&self, host: &str, id: JobId) -> Result<bool, SpoolError> {
        self.call(|spool| spool.marks.get(host).is_some_and(|marks| marks.contains(&id)))
    }

    fn sealed(&self, id: JobId, _: u64) -> Result<SealedJob, SpoolError> {
        let (_, line) = pool().iter().find(|(known, _)| *known == id).expect("a job of the story");
        let line = Box::new(SealedLine::parse(line).expect("a spool sealed it"));
        self.call(|_| SealedJob::Whole { line, payload: Some(PAYLOAD.to_vec()) })
    }

    fn note(&mut self, host: &str, words: &[(JobId, &str)], _: Timestamp, _: Timestamp) -> Result<(), SpoolError> {
        self.call(|spool| {
            let words = words.iter().map(|(id, word)| ((host.to_owned(), *id), (*word).to_owned()));
            spool.words.extend(words);
        })
    }

    fn unmark(&mut self, host: &str, ids: &[JobId]) -> Result<(), SpoolError> {
        let early = {
            let world = self.world.borrow();
            let is_safe = |id: &JobId| world.hosts.iter().any(|other| other.name == host && other.spool.is_safe(*id));
            ids.iter().find(|id| !is_safe(id)).copied()
        };
        let host = host.to_owned();
        self.call(|spool| {
            if let Some(id) = early {
                spool.broken = Some(format!("the mark of {id} for {host} goes, and the job is not safe there"));
            }
            let is_told = |id: &&JobId| spool.words.get(&(host.clone(), **id)).is_some_and(|w| w == HostWord::TAKEN);
            if let Some(id) = ids.iter().find(|id| !is_told(id)) {
                spool.broken = Some(format!("the mark of {id} for {host} goes, and no word of it is written down"));
            }
            let marks = spool.marks.entry(host).or_default();
            marks.retain(|id| !ids.contains(id));
        })
    }

    fn taken_from(&self, id: JobId) -> Option<String> {
        self.look(|spool| spool.taken.get(&id).cloned())
    }

    fn unnoted(&self) -> Result<Vec<(JobId, String)>, SpoolError> {
        self.call(|spool| {
            let here = spool.queued.keys().chain(&spool.done);
            here.filter(|id| !spool.taken.contains_key(id)).map(|id| (*id, "gate".to_owned())).collect()
        })
    }

    fn has(&self, id: JobId) -> Result<bool, SpoolError> {
        self.call(|spool| spool.queued.contains_key(&id) || spool.done.contains(&id))
    }

    fn adopt(&mut self, id: JobId, meta: &JobMeta, payload: &[u8]) -> Result<bool, SpoolError> {
        assert_eq!((meta.hook.as_str(), meta.origin.as_deref(), payload), ("docs", Some("gate"), PAYLOAD));
        self.call(|spool| {
            let is_new = !spool.queued.contains_key(&id);
            spool.queued.entry(id).or_insert(false);
            is_new
        })
    }

    fn flush_adopted(&mut self) -> Result<(), SpoolError> {
        self.call(|spool| spool.queued.values_mut().for_each(|is_durable| *is_durable = true))
    }

    fn note_taken(&mut self, jobs: &[(JobId, &str)], _: Timestamp, _: Timestamp) -> Result<(), SpoolError> {
        self.call(|spool| spool.taken.extend(jobs.iter().map(|(id, from)| (*id, (*from).to_owned()))))
    }
}
