//! Pure. The facts that metrics tell.

use crate::model::State;
use crate::spool::{HookTally, HostQueue, SeenCounts};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The facts at one moment. `None`: not known, and not told.
#[derive(Debug, Clone, Default)]
pub struct MetricFacts {
    /// The hooks of the configuration.
    pub hooks: Vec<HookFacts>,
    /// Requests that named no hook.
    pub unnamed: Option<SeenCounts>,
    /// Jobs of no hook of the configuration, by state.
    pub strays: BTreeMap<State, u64>,
    /// `true` while a runner is alive.
    pub runner_is_up: Option<bool>,
    /// The runner's last look at its work.
    pub last_loop: Option<Timestamp>,
    /// Bytes that are free for the spool.
    pub free_bytes: Option<u64>,
    /// Hooks on hold.
    pub holds: Option<usize>,
    /// The relay of a host that is one of several.
    pub relay: Option<RelayFacts>,
    /// Messages, by target.
    pub notifications: Vec<NotificationFacts>,
}

/// The facts of the relay.
#[derive(Debug, Clone, Default)]
pub struct RelayFacts {
    /// `true` while it is connected to a server.
    pub is_connected: Option<bool>,
    /// `true` while another host has the same name.
    pub has_twin: Option<bool>,
    /// By so many seconds this host's clock was ahead of the server's.
    pub ahead_s: Option<i64>,
    /// The jobs that other hosts have not taken, by host.
    pub hosts: BTreeMap<String, HostQueue>,
}

/// The facts of one hook.
#[derive(Debug, Clone, Default)]
pub struct HookFacts {
    /// Its name.
    pub name: String,
    /// Its deliveries.
    pub seen: Option<SeenCounts>,
    /// Its jobs that are at rest or running, by state.
    pub jobs: BTreeMap<State, u64>,
    /// Arrival of the oldest one in `queued` or `waiting`.
    pub oldest: Option<Timestamp>,
    /// Its jobs that have ended.
    pub tally: HookTally,
}

/// The facts of one target of messages.
#[derive(Debug, Clone)]
pub struct NotificationFacts {
    /// Its name in the configuration.
    pub target: String,
    /// Its kind, such as `slack`.
    pub kind: String,
    /// Messages that it has taken.
    pub sent: u64,
    /// Messages that were given up.
    pub failed: u64,
    /// Messages that wait.
    pub pending: u64,
}
