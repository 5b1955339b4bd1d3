//! Edge. The other hosts of jobs, as people see them: which has a job, which has not, and why. Only reads.

use super::jobs::age;
use crate::config::Config;
use crate::spool::{HostWord, HostWords, RelayDir, RelayState, SpoolError};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The standing of all jobs with other hosts; nothing where this host is alone.
pub(super) fn host_words(config: &Config) -> Result<HostWords, SpoolError> {
    if config.relay.is_some() { HostWords::read(&RelayDir::of(&config.spool)) } else { Ok(HostWords::default()) }
}

/// The word of a host, and for how long it has been true.
pub(super) fn words(word: &HostWord, now: Timestamp) -> String {
    match (word.at, word.is_refused()) {
        (Some(at), true) => format!("{} ({} ago; it is asked again)", word.word, age(at, now)),
        (Some(at), false) => format!("{} ({} ago)", word.word, age(at, now)),
        (None, _) => word.word.clone(),
    }
}

/// The relay on one line, for `status`.
#[derive(Debug, Default, Serialize)]
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
        let (name, none) = (relay.name.clone(), Self::default());
        Ok(Some(match dir.state().filter(|_| is_alive) {
            Some(RelayState { server, since, trouble, twin, .. }) => {
                Self { name, server, since: Some(since), trouble, twin, to_send }
            }
            None => Self { name, to_send, ..none },
        }))
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
