//! Edge. The standing of jobs with other hosts, as people are told: which has a job, which has not, and why. Reads
//! files.

use super::RelayDir;
use crate::model::JobId;
use crate::spool::error::SpoolError;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Jobs of one host that are named, the oldest.
const NAMED: usize = 5;

/// The standing of one job with one host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct HostWord {
    /// The host.
    pub host: String,
    /// `taken`, `sent`, `to send`, or `refused: …` and `given up: …` with the reason.
    pub word: String,
    /// Since when, where that is known.
    pub at: Option<Timestamp>,
}

impl HostWord {
    /// The word about a job that a host has.
    pub const TAKEN: &'static str = "taken";
    const SENT: &'static str = "sent";

    /// True if the host has said that it has the job.
    pub fn is_taken(&self) -> bool {
        self.word == Self::TAKEN
    }

    /// True if the host does not want it; it is asked again.
    pub fn is_refused(&self) -> bool {
        self.word.starts_with("refused")
    }
}

/// The jobs that one host has not taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostQueue {
    /// Their number.
    pub count: usize,
    /// Those that a server has stored.
    pub sent: usize,
    /// Those that the host refused.
    pub refused: usize,
    /// The oldest.
    pub oldest: Vec<(JobId, HostWord)>,
}

impl HostQueue {
    fn add(&mut self, id: JobId, word: &HostWord) {
        self.sent += usize::from(word.word == HostWord::SENT);
        self.refused += usize::from(word.is_refused());
        if self.oldest.len() < NAMED {
            self.oldest.push((id, word.clone()));
        }
    }
}

/// The standing of all jobs that other hosts are to get.
#[derive(Debug, Default)]
pub struct HostWords {
    jobs: BTreeMap<JobId, Vec<HostWord>>,
    hosts: BTreeMap<String, HostQueue>,
}

impl HostWords {
    /// Reads what the relay has noted.
    pub fn read(dir: &RelayDir) -> Result<Self, SpoolError> {
        let sent = dir.state().map(|state| state.sent).unwrap_or_default();
        let (mut heard, mut words) = (dir.heard()?, Self::default());
        for host in dir.hosts()? {
            let sent = sent.get(&host).map(|ids| ids.iter().copied().collect()).unwrap_or_default();
            words.add(&host, dir.marked(&host)?, &sent, heard.remove(&host).unwrap_or_default());
        }
        Ok(words)
    }

    fn add(
        &mut self,
        host: &str,
        (marked, count): (Vec<JobId>, usize),
        sent: &BTreeSet<JobId>,
        mut heard: BTreeMap<JobId, super::LedgerWord>,
    ) {
        let mut queue = HostQueue { count, ..HostQueue::default() };
        let word = |word: String, at| HostWord { host: host.to_owned(), word, at };
        for id in marked {
            let refused = heard.remove(&id).map(|said| word(said.text, Some(said.at))).filter(HostWord::is_refused);
            let plain = if sent.contains(&id) { HostWord::SENT } else { "to send" };
            let standing = refused.unwrap_or_else(|| word(plain.to_owned(), None));
            queue.add(id, &standing);
            self.jobs.entry(id).or_default().push(standing);
        }
        for (id, said) in heard {
            self.jobs.entry(id).or_default().push(word(said.text, Some(said.at)));
        }
        self.hosts.insert(host.to_owned(), queue);
    }

    /// Those of one job, by host.
    pub fn of(&self, id: JobId) -> &[HostWord] {
        self.jobs.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The jobs that hosts have not taken, also of those that have taken all.
    pub fn hosts(&self) -> &BTreeMap<String, HostQueue> {
        &self.hosts
    }

    /// `2/3`: so many hosts of all have the job.
    pub fn fraction(&self, id: JobId) -> Option<String> {
        let words = self.of(id);
        let taken = words.iter().filter(|word| word.is_taken()).count();
        (!words.is_empty()).then(|| format!("{taken}/{}", words.len()))
    }
}
