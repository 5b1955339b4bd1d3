//! Edge. The relay's thread: connects, works, and connects again, until the runner ends.

use super::bell::RelayBell;
use super::key;
use super::nats::{BrokerAddress, Nats};
use super::presence::TwinWatch;
use super::sender::JobSender;
use super::session::{Outside, Session};
use super::spool_store::SpoolStore;
use super::subjects::Subjects;
use super::taker::Taker;
use super::wire::Wire;
use crate::config::{Config, RelaySettings};
use crate::spool::{RelayDir, RelayState, SpoolError, SpoolOwner};
use crate::system::bell::Bell;
use crate::system::random::random_bytes;
use crate::system::stop::Stop;
use crate::system::wait::ready;
use jiff::Timestamp;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two tries to connect.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A session of that length was no failure.
const LONG_SESSION: Duration = Duration::from_secs(30);
/// Least time between two writings of the state.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// The relay as the runner's loop knows it.
#[derive(Debug)]
pub struct Relay {
    bell: RelayBell,
    config: Mutex<Arc<Config>>,
    once: bool,
    at_rest: AtomicBool,
    /// There may be jobs of which nobody has written down that they were taken.
    is_behind: AtomicBool,
}

impl Relay {
    /// A relay that has not begun. `once`: it says when nothing is left to do.
    pub fn new(config: Arc<Config>, once: bool) -> Self {
        let at_rest = AtomicBool::new(config.relay.is_none());
        let is_behind = AtomicBool::new(true);
        Self { bell: RelayBell::default(), config: Mutex::new(config), once, at_rest, is_behind }
    }

    /// There is something to send, or an end to be noticed.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Goes by another configuration. A relay that has ended, or never begun, needs another runner.
    pub fn reconfigure(&self, config: Arc<Config>) {
        if config.relay.is_some() && self.config().relay.is_none() {
            tracing::warn!(event = "no-relay", reason = "`[relay]` is new; restart the runner");
        }
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        self.ring();
    }

    /// True if it has nothing left to do, as far as it knows.
    pub fn is_at_rest(&self) -> bool {
        self.at_rest.load(Ordering::Acquire)
    }

    fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works until `halted`; rings `heard` when it comes to rest.
    pub fn run(&self, owner: &SpoolOwner, halted: &Stop, heard: &Bell) {
        let mut pause = FIRST_PAUSE;
        while !halted.requested() {
            let config = self.config();
            let Some(settings) = &config.relay else {
                tracing::info!(event = "relay-ended", reason = "`[relay]` is gone from the configuration");
                self.rest(heard, true);
                return;
            };
            let began = Instant::now();
            let relay_try = RelayTry { relay: self, owner, halted, heard, config: &config, settings };
            if let Err(error) = relay_try.work() {
                tracing::error!(event = "relay-failed", reason = %error);
                self.is_behind.store(true, Ordering::Release);
            }
            pause = if began.elapsed() > LONG_SESSION { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            if !halted.requested() && Arc::ptr_eq(&config, &self.config()) {
                self.rest(heard, true);
                let _halted = ready(&[halted.fd()], Instant::now() + pause / 2);
            }
        }
    }

    fn rest(&self, heard: &Bell, at_rest: bool) {
        if self.at_rest.swap(at_rest, Ordering::AcqRel) != at_rest {
            heard.ring();
        }
    }
}

/// One connection, or one try.
struct RelayTry<'a> {
    relay: &'a Relay,
    owner: &'a SpoolOwner,
    halted: &'a Stop,
    heard: &'a Bell,
    config: &'a Arc<Config>,
    settings: &'a RelaySettings,
}

impl RelayTry<'_> {
    fn work(&self) -> Result<(), SpoolError> {
        let dir = RelayDir::of(&self.config.spool);
        dir.make()?;
        let identity = dir.identity()?;
        let before = dir.state();
        let mut state = RelayState::new(&self.settings.name, &identity, Timestamp::now());
        if let Some(before) = before {
            (state.peers, state.ahead_ms) = (before.peers, before.ahead_ms);
            if before.server.is_none() {
                state.since = before.since;
            }
        }
        let mut shown = StateFile { turn: self, dir: &dir, last: None };
        let why = self.connect_and_work(&dir, &mut state, &mut shown)?;
        if !self.is_over() {
            tracing::warn!(event = "relay-unreachable", reason = why);
            if state.server.take().is_some() {
                state.since = Timestamp::now();
            }
            (state.version, state.trouble) = (None, Some(why));
            state.sent.clear();
        }
        shown.write(&mut state);
        Ok(())
    }

    /// True if the runner ends, or goes by another configuration.
    fn is_over(&self) -> bool {
        self.halted.requested() || !Arc::ptr_eq(self.config, &self.relay.config())
    }

    fn connect_and_work(
        &self,
        dir: &RelayDir,
        state: &mut RelayState,
        shown: &mut StateFile<'_>,
    ) -> Result<String, SpoolError> {
        let settings = self.settings;
        let session = match random_bytes::<8>() {
            Ok(bytes) => hex::encode(bytes),
            Err(_) => return Ok("no random numbers".to_owned()),
        };
        let signing = match settings.sign.as_ref().map(key::read).transpose() {
            Ok(key) => key,
            Err(why) => return Ok(why),
        };
        let subjects = Subjects::new(&settings.prefix, &settings.stream);
        let mut sender = JobSender::new(settings, signing, &session);
        let is_target = !settings.trust.is_empty();
        let mut taker = is_target.then(|| Taker::new(Arc::clone(self.config), settings, &state.identity, &session));
        let mut store = SpoolStore::open(self.owner, dir.clone())?;
        if let Some(taker) = taker.as_ref().filter(|_| self.relay.is_behind.load(Ordering::Acquire)) {
            taker.catch_up(&mut store, Timestamp::now())?;
            self.relay.is_behind.store(false, Ordering::Release);
        }
        let mut wire = match connect(settings, &self.relay.bell, &|| self.is_over()) {
            Ok(wire) => wire,
            Err(why) => return Ok(why),
        };
        let server = wire.server().clone();
        tracing::info!(event = "relay-connected", server = server.name, version = server.version);
        (state.server, state.version, state.since) = (Some(server.name), Some(server.version), Timestamp::now());
        let mut twins = TwinWatch::new(&state.identity, &session, subjects.here(&settings.name));
        let (once, taker) = (self.relay.once, taker.as_mut());
        let (sender, twins) = (&mut sender, &mut twins);
        Session { sender, taker, store: &mut store, twins, state, once }.run(&mut wire, &subjects, shown)
    }
}

/// Connects as the host of `settings`, unless `is_over` says at a bell that nobody waits for it.
pub(super) fn connect(settings: &RelaySettings, bell: &RelayBell, is_over: &dyn Fn() -> bool) -> Result<Nats, String> {
    let subjects = Subjects::new(&settings.prefix, &settings.stream);
    let address = BrokerAddress {
        servers: settings.servers.clone(),
        seed: settings.credentials.as_ref().map(key::seed).transpose()?,
        ca: settings.ca.clone(),
        name: format!("hookspool {}", settings.name),
        inbox: subjects.inbox(&settings.name),
        here: Some(subjects.here(&settings.name)),
    };
    Nats::connect(address, bell.clone(), is_over)
}

/// The state, written when it has changed, and not too often.
struct StateFile<'a> {
    turn: &'a RelayTry<'a>,
    dir: &'a RelayDir,
    last: Option<(RelayState, Instant)>,
}

impl StateFile<'_> {
    fn write(&mut self, state: &mut RelayState) {
        state.at = Timestamp::now();
        if let Err(error) = self.dir.leave_state(state) {
            tracing::warn!(event = "no-relay-state", reason = %error);
        }
        self.last = Some((state.clone(), Instant::now()));
    }
}

impl Outside for StateFile<'_> {
    fn is_over(&self) -> bool {
        self.turn.is_over()
    }

    fn show(&mut self, state: &mut RelayState, at_rest: bool) -> Option<Duration> {
        self.turn.relay.rest(self.turn.heard, at_rest);
        let last = self.last.as_ref().filter(|(last, at)| at.elapsed() < SHOW_EVERY || last.is_same(state));
        let Some((last, at)) = last else {
            self.write(state);
            return None;
        };
        (!last.is_same(state)).then(|| SHOW_EVERY.saturating_sub(at.elapsed()))
    }
}
