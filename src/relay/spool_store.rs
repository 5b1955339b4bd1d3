//! Edge. The real spool, as the relay needs it.

use super::store::JobStore;
use crate::model::{JobId, JobMeta};
use crate::spool::{JobLedger, RelayDir, SealedJob, SpoolError, SpoolOwner};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The spool that this runner owns.
pub(super) struct SpoolStore<'a> {
    owner: &'a SpoolOwner,
    dir: RelayDir,
    heard: BTreeMap<String, JobLedger>,
    taken: JobLedger,
}

impl<'a> SpoolStore<'a> {
    /// Reads what was taken before.
    pub(super) fn open(owner: &'a SpoolOwner, dir: RelayDir) -> Result<Self, SpoolError> {
        let taken = dir.taken()?;
        Ok(Self { owner, dir, heard: BTreeMap::new(), taken })
    }
}

impl JobStore for SpoolStore<'_> {
    fn takes_again(&mut self) -> bool {
        self.dir.take_again()
    }

    fn hosts(&self) -> Result<Vec<String>, SpoolError> {
        self.dir.hosts()
    }

    fn marked(&self, host: &str, set_aside: &dyn Fn(JobId) -> bool) -> Result<Vec<JobId>, SpoolError> {
        self.dir.marked_but(host, set_aside)
    }

    fn is_marked(&self, host: &str, id: JobId) -> Result<bool, SpoolError> {
        self.dir.is_marked(host, id)
    }

    fn sealed(&self, id: JobId, limit_bytes: u64) -> Result<SealedJob, SpoolError> {
        self.owner.sealed(id, limit_bytes)
    }

    fn note(
        &mut self,
        host: &str,
        words: &[(JobId, &str)],
        now: Timestamp,
        since: Timestamp,
    ) -> Result<(), SpoolError> {
        if !self.heard.contains_key(host) {
            self.heard.insert(host.to_owned(), self.dir.heard_of(host)?);
        }
        let ledger = self.heard.get_mut(host).expect("it was inserted above");
        ledger.add(words.iter().copied(), now)?;
        ledger.forget(since)
    }

    fn unmark(&mut self, host: &str, ids: &[JobId]) -> Result<(), SpoolError> {
        self.dir.unmark(host, ids)
    }

    fn taken_from(&self, id: JobId) -> Option<String> {
        self.taken.word(id).map(|word| word.text.clone())
    }

    fn unnoted(&self) -> Result<Vec<(JobId, String)>, SpoolError> {
        self.owner.from_others(&|id| self.taken.word(id).is_some())
    }

    fn has(&self, id: JobId) -> Result<bool, SpoolError> {
        self.owner.has(id)
    }

    fn adopt(&mut self, id: JobId, meta: &JobMeta, payload: &[u8]) -> Result<bool, SpoolError> {
        self.owner.adopt(id, meta, payload)
    }

    fn flush_adopted(&mut self) -> Result<(), SpoolError> {
        self.owner.flush_adopted()
    }

    fn note_taken(&mut self, jobs: &[(JobId, &str)], now: Timestamp, since: Timestamp) -> Result<(), SpoolError> {
        self.taken.add(jobs.iter().copied(), now)?;
        self.taken.forget(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EventKind;

    #[test]
    fn what_was_adopted_before_a_crash_is_found_and_known_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let owner = SpoolOwner::lock(dir.path()).unwrap();
        let relay = RelayDir::of(dir.path());
        relay.make().unwrap();
        let mut store = SpoolStore::open(&owner, relay.clone()).unwrap();
        let (id, own, now) = (JobId::new(5, 7).unwrap(), JobId::new(6, 7).unwrap(), Timestamp::now());
        let meta = |origin: Option<&str>| JobMeta {
            origin: origin.map(str::to_owned),
            ..JobMeta::new("docs", "github", EventKind::Push, now)
        };
        assert!(store.adopt(id, &meta(Some("gate")), b"{}").unwrap());
        assert!(!store.adopt(id, &meta(Some("gate")), b"{}").unwrap(), "never over another");
        assert!(store.adopt(own, &meta(None), b"{}").unwrap());
        store.flush_adopted().unwrap();
        let mut store = SpoolStore::open(&owner, relay.clone()).unwrap();
        assert_eq!(store.unnoted().unwrap(), [(id, "gate".to_owned())]);
        store.note_taken(&[(id, "gate")], now, Timestamp::MIN).unwrap();
        let store = SpoolStore::open(&owner, relay).unwrap();
        assert_eq!((store.unnoted().unwrap(), store.taken_from(id)), (vec![], Some("gate".to_owned())));
    }
}
