//! Pure. The facts that metrics tell.

use crate::model::State;
use crate::spool::{HookTally, SeenCounts};
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
    /// Jobs that another host has not taken, by host.
    pub to_send: BTreeMap<String, usize>,
    /// Messages, by target.
    pub notifications: Vec<NotificationFacts>,
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
