//! Pure. The state of a relay, as it leaves it for people: `relay/state`. A hint: it may be as old as `at` says.

use crate::model::JobId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The spools of the other hosts, as their receipts name them.
    pub peers: BTreeMap<String, String>,
    /// Time at which this was written.
    pub at: Timestamp,
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
            at,
        }
    }

    /// Reads one that a relay has left.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// True if it tells the same, whenever it was written.
    pub fn is_same(&self, other: &Self) -> bool {
        *self == Self { at: self.at, ..other.clone() }
    }
}
