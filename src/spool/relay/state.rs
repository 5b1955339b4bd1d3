//! Pure. The state of a relay, as it leaves it for people: `relay/state`. A hint: it may be as old as `at` says.

use crate::model::JobId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most characters of what a server said.
const WORDS_LIMIT: usize = 300;

/// The state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayState {
    /// Name of this host.
    pub name: String,
    /// Of this spool.
    pub identity: String,
    /// The server that it is connected to; `None`: to none.
    pub server: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Since when this has been so.
    pub since: Timestamp,
    /// The reason for which there is no connection, or for which nothing can be sent.
    pub trouble: Option<String>,
    /// Another spool whose host is called the same, and is alive: both take nothing.
    pub twin: Option<String>,
    /// Jobs that a server has stored and no host has taken, by host.
    pub sent: BTreeMap<String, Vec<JobId>>,
    /// The other hosts, as their receipts show them.
    pub peers: BTreeMap<String, RelayPeer>,
    /// By so many milliseconds this host's clock was ahead of the server's when it connected.
    pub ahead_ms: Option<i64>,
    /// By so many milliseconds at least the clocks of hosts whose jobs came here were ahead of the server's.
    pub origins_ahead_ms: BTreeMap<String, i64>,
    /// Time at which this was written.
    pub at: Timestamp,
}

/// A host that has said something about a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayPeer {
    /// Its spool.
    pub identity: String,
    /// By so many milliseconds its clock was ahead of the server's.
    pub ahead_ms: Option<i64>,
}

impl RelayState {
    /// A relay that begins.
    pub fn new(name: &str, identity: &str, at: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            identity: identity.to_owned(),
            server: None,
            version: None,
            since: at,
            trouble: None,
            twin: None,
            sent: BTreeMap::new(),
            peers: BTreeMap::new(),
            ahead_ms: None,
            origins_ahead_ms: BTreeMap::new(),
            at,
        }
    }

    /// Reads one that a relay has left.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Its bytes. What servers say is cut: a file that grows without bound would be read by nobody.
    pub fn to_bytes(&self) -> Vec<u8> {
        let cut = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(WORDS_LIMIT).collect());
        let (server, version, trouble) = (cut(&self.server), cut(&self.version), cut(&self.trouble));
        let mut bytes = serde_json::to_vec(&Self { server, version, trouble, ..self.clone() }).expect("text keys");
        bytes.push(b'\n');
        bytes
    }

    /// True if it tells the same, whenever it was written.
    pub fn is_same(&self, other: &Self) -> bool {
        *self == Self { at: self.at, ..other.clone() }
    }
}
