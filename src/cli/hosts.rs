//! Edge. The other hosts of jobs, as people see them: which has a job, which has not, and why. Only reads.

use super::jobs::age;
use crate::config::Config;
use crate::model::JobId;
use crate::spool::{RelayDir, SpoolError};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The word by which a host says that it has a job.
const TAKEN: &str = "taken";

/// The standing of one job with one host.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HostWord {
    /// The host.
    pub(super) host: String,
    /// `taken`, `sent`, `to send`, or `refused: …` and `given up: …` with the reason.
    pub(super) word: String,
    /// Since when, where that is known.
    pub(super) at: Option<Timestamp>,
}

impl HostWord {
    /// True if the host has said that it has the job.
    pub(super) fn is_taken(&self) -> bool {
        self.word == TAKEN
    }

    /// The word, and for how long it has been true.
    pub(super) fn words(&self, now: Timestamp) -> String {
        match (self.at, self.word.starts_with("refused")) {
            (Some(at), true) => format!("{} ({} ago; it is asked again)", self.word, age(at, now)),
            (Some(at), false) => format!("{} ({} ago)", self.word, age(at, now)),
            (None, _) => self.word.clone(),
        }
    }
}

/// The standing of all jobs that other hosts are to get.
#[derive(Debug, Default)]
pub(super) struct HostWords(BTreeMap<JobId, Vec<HostWord>>);

impl HostWords {
    /// Reads what the relay has noted; nothing where this host is alone.
    pub(super) fn read(config: &Config) -> Result<Self, SpoolError> {
        if config.relay.is_none() {
            return Ok(Self::default());
        }
        let dir = RelayDir::of(&config.spool);
        let sent = sent(&dir);
        let mut heard = dir.heard()?;
        let mut jobs: BTreeMap<JobId, Vec<HostWord>> = BTreeMap::new();
        for host in dir.hosts()? {
            let mut words = heard.remove(&host).unwrap_or_default();
            for id in dir.marked(&host)?.0 {
                let refused = words.remove(&id).filter(|word| word.text.starts_with("refused"));
                let is_sent = sent.get(&host).is_some_and(|ids| ids.contains(&id));
                let plain = if is_sent { "sent" } else { "to send" };
                let (word, at) = refused.map_or_else(|| (plain.to_owned(), None), |word| (word.text, Some(word.at)));
                jobs.entry(id).or_default().push(HostWord { host: host.clone(), word, at });
            }
            for (id, word) in words {
                let word = HostWord { host: host.clone(), word: word.text, at: Some(word.at) };
                jobs.entry(id).or_default().push(word);
            }
        }
        Ok(Self(jobs))
    }

    /// Those of one job, by host.
    pub(super) fn of(&self, id: JobId) -> &[HostWord] {
        self.0.get(&id).map_or(&[], Vec::as_slice)
    }

    /// `2/3`: so many hosts of all have the job.
    pub(super) fn fraction(&self, id: JobId) -> Option<String> {
        let words = self.of(id);
        let taken = words.iter().filter(|word| word.is_taken()).count();
        (!words.is_empty()).then(|| format!("{taken}/{}", words.len()))
    }
}

/// The jobs that a server has stored, by host, as the relay has left them.
fn sent(dir: &RelayDir) -> BTreeMap<String, BTreeSet<JobId>> {
    let state = dir.state().and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    state.and_then(|mut state| serde_json::from_value(state["sent"].take()).ok()).unwrap_or_default()
}

/// The relay on one line, for `status`.
#[derive(Debug, Serialize)]
pub(super) struct RelaySummary {
    /// The name of this host.
    pub(super) name: String,
    /// The server that it is connected to.
    pub(super) server: Option<String>,
    /// Since when this has been so.
    pub(super) since: Option<Timestamp>,
    /// The reason for which nothing goes.
    pub(super) trouble: Option<String>,
    /// Another spool whose host has the same name.
    pub(super) twin: Option<String>,
    /// Jobs that are not taken yet, by host.
    pub(super) to_send: BTreeMap<String, usize>,
}

impl RelaySummary {
    /// Reads it; `None` where this host is alone. Of a relay whose runner is gone the state says nothing.
    pub(super) fn read(config: &Config, is_alive: bool) -> Result<Option<Self>, SpoolError> {
        let Some(relay) = &config.relay else { return Ok(None) };
        let dir = RelayDir::of(&config.spool);
        let mut to_send = BTreeMap::new();
        for host in dir.hosts()? {
            let (_, count) = dir.marked(&host)?;
            if count > 0 {
                to_send.insert(host, count);
            }
        }
        let state = dir.state().filter(|_| is_alive);
        let state: serde_json::Value = state.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let text = |key: &str| state[key].as_str().map(str::to_owned);
        let since = text("since").and_then(|since| since.parse().ok());
        let (server, trouble, twin) = (text("server"), text("trouble"), text("twin"));
        Ok(Some(Self { name: relay.name.clone(), server, since, trouble, twin, to_send }))
    }

    /// True if somebody should look.
    pub(super) fn is_alarming(&self) -> bool {
        self.twin.is_some()
    }

    /// It in words.
    pub(super) fn words(&self, now: Timestamp) -> String {
        let time = self.since.map_or_else(String::new, |since| format!(" for {}", age(since, now)));
        let link = match (&self.server, &self.trouble) {
            _ if self.twin.is_some() => "another host has this name: neither takes jobs".to_owned(),
            (Some(server), None) => format!("connected to {server}{time}"),
            (Some(server), Some(trouble)) => format!("connected to {server}{time}, and {trouble}"),
            (None, Some(trouble)) => format!("unreachable{time}: {trouble}"),
            (None, None) => "not at work".to_owned(),
        };
        let count: usize = self.to_send.values().sum();
        let hosts: Vec<String> = self.to_send.iter().map(|(host, count)| format!("{count} for {host}")).collect();
        let waiting = match count {
            0 => String::new(),
            _ => format!("; not taken yet: {}", hosts.join(", ")),
        };
        format!("{}, {link}{waiting}", self.name)
    }
}
