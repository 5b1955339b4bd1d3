//! Edge. One story: who is in it, what happens, and how it ends.

use super::fake_broker::FakeBroker;
use super::fake_store::{FakeSpool, FakeStore, pool};
use super::fake_wire::FakeWire;
use super::{Dice, FakeHost, Shared, World};
use crate::config::{Config, probe};
use crate::model::JobId;
use crate::relay::presence::TwinWatch;
use crate::relay::sender::JobSender;
use crate::relay::session::{Course, Outside, Session};
use crate::relay::subjects::Subjects;
use crate::relay::taker::Taker;
use crate::relay::wire::{Broker, Wire};
use crate::spool::RelayState;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Turns in which things go wrong, at most; and those after which it must be over.
const ROUGH_TURNS: u64 = 120;
const LAST_TURNS: u64 = 3_000;
const ORIGIN: &str = "gate";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The configuration of a target.
fn config() -> Arc<Config> {
    static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
    let read = || {
        let public = STANDARD.encode(key().verifying_key().as_bytes());
        let text = format!(
            "spool = \"/s\"\n[relay]\nname = \"web1\"\nservers = [\"nats://127.0.0.1:4222\"]\n\
             trust = {{ gate = \"ed25519:{public}\" }}\n\
             window = 3\n[[hook]]\nname = \"docs\"\nfrom = [\"gate\"]\ndir = \"/d\"\nsteps = [{{ shell = \"x\" }}]\n"
        );
        Arc::new(probe::read(&text).expect("a configuration"))
    };
    Arc::clone(CONFIG.get_or_init(read))
}

/// A connection of a host under way.
struct Connection {
    sender: JobSender,
    taker: Option<Taker>,
    twins: TwinWatch,
    state: RelayState,
    course: Course,
    wire: FakeWire,
    store: FakeStore,
}

/// Nobody outside wants anything.
struct Nobody;

impl Outside for Nobody {
    fn is_over(&self) -> bool {
        false
    }
    fn show(&mut self, _: &mut RelayState, _: bool) -> Option<Duration> {
        None
    }
}

/// One story.
pub(super) struct Story {
    world: Shared,
    connections: Vec<Option<Connection>>,
    began: (Instant, Timestamp),
    accepted: BTreeSet<JobId>,
    sessions: u64,
    /// The hosts that have died since they wrote down what they took.
    is_behind: Vec<bool>,
    pub(super) turns: u64,
    pub(super) deaths: u64,
    pub(super) has_twin: bool,
}

impl Story {
    /// The story with that number: the same each time.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let has_twin = dice.happens(20);
        let names = [ORIGIN, "web1", "web2", "web1"];
        let host = |name| FakeHost {
            name,
            spool: FakeSpool::default(),
            inbox: Vec::new(),
            is_connected: false,
            calls_left: None,
            is_dead: false,
        };
        let hosts: Vec<FakeHost> = names[..if has_twin { 4 } else { 3 }].iter().map(|name| host(name)).collect();
        let connections = hosts.iter().map(|_| None).collect();
        let world = World { dice, now_ms: 0, is_rough: true, broker: FakeBroker::default(), hosts };
        let began = (Instant::now(), Timestamp::now());
        Self {
            world: Rc::new(RefCell::new(world)),
            connections,
            began,
            accepted: BTreeSet::new(),
            sessions: 0,
            is_behind: vec![true; if has_twin { 4 } else { 3 }],
            turns: 0,
            deaths: 0,
            has_twin,
        }
    }

    /// Tells it to its end; what broke, if anything did.
    pub(super) fn tell(&mut self) -> Result<(), String> {
        for _ in 0..ROUGH_TURNS {
            self.something_happens();
            let host = self.roll(self.connections.len() as u64);
            self.turn(usize::try_from(host).unwrap())?;
        }
        self.calm_down();
        self.end()
    }

    /// Jobs pass; then the server loses its stream, and no connection is lost with it.
    pub(super) fn lose_the_stream(&mut self) -> Result<(), String> {
        self.calm_down();
        self.accept();
        self.end()?;
        let connections = self.sessions;
        self.world.borrow_mut().broker.put_consumers_ahead();
        self.accept();
        self.end()?;
        assert_eq!(self.sessions, connections, "no connection was lost");
        Ok(())
    }

    /// The end, in which nothing goes wrong any more.
    fn end(&mut self) -> Result<(), String> {
        for _ in 0..LAST_TURNS {
            let hosts = if self.has_twin { 3 } else { self.connections.len() };
            for host in 0..hosts {
                self.turn(host)?;
                self.world.borrow_mut().hosts[host].spool.run();
            }
            if self.is_all_taken() {
                return self.judge();
            }
        }
        Err("it never ends: marks are left".to_owned())
    }

    fn roll(&self, sides: u64) -> u64 {
        self.world.borrow_mut().dice.roll(sides)
    }

    fn is_all_taken(&self) -> bool {
        let world = self.world.borrow();
        world.hosts[0].spool.marks.values().all(BTreeSet::is_empty)
    }

    /// The faults are over, everybody lives, and of two hosts of one name one is gone.
    fn calm_down(&mut self) {
        let mut world = self.world.borrow_mut();
        world.is_rough = false;
        world.broker.is_away = false;
        for host in &mut world.hosts {
            host.calls_left = None;
        }
        drop(world);
        if self.has_twin {
            self.die(3);
            self.world.borrow_mut().hosts[3].spool.run();
        }
    }

    fn something_happens(&mut self) {
        let hosts = self.connections.len() as u64;
        let victim = usize::try_from(self.roll(hosts)).unwrap();
        match self.roll(24) {
            0..4 => self.accept(),
            4..6 => {
                let calls = self.roll(40);
                self.world.borrow_mut().hosts[victim].calls_left.get_or_insert(calls);
            }
            6..8 => self.world.borrow_mut().hosts[victim].is_connected = false,
            8 => {
                let with_consumers = self.roll(2) == 0;
                self.world.borrow_mut().broker.forget(with_consumers);
            }
            9 => {
                let is_away = self.roll(3) == 0;
                self.world.borrow_mut().broker.is_away = is_away;
            }
            10 | 11 => self.world.borrow_mut().hosts[victim].spool.run(),
            // No runner prunes before it has caught up.
            12 if !self.is_behind[victim] => self.world.borrow_mut().hosts[victim].spool.done.clear(),
            13 | 14 => self.meddle(),
            15 => {
                let time = self.roll(400_000);
                self.world.borrow_mut().now_ms += time;
            }
            _ => {}
        }
    }

    /// The origin accepts a job: the marks are durable before anything else happens with it.
    fn accept(&mut self) {
        let Some((id, _)) = pool().get(self.accepted.len()) else { return };
        self.accepted.insert(*id);
        let mut world = self.world.borrow_mut();
        for host in ["web1", "web2"] {
            world.hosts[0].spool.marks.entry(host.to_owned()).or_default().insert(*id);
        }
    }

    /// A server repeats what it saw, perhaps to another host, or changes a byte of it.
    fn meddle(&mut self) {
        let mut world = self.world.borrow_mut();
        let count = world.broker.past.len() as u64;
        if count == 0 || world.broker.is_away {
            return;
        }
        let index = usize::try_from(world.dice.roll(count)).unwrap();
        let mut message = world.broker.past[index].clone();
        message.message_id = format!("meddler.{}", self.turns);
        match world.dice.roll(3) {
            0 => {}
            1 => message.subject = message.subject.replace(".web1.", ".web2."),
            _ if message.subject.contains(".job.") => {
                let at = usize::try_from(world.dice.roll(message.body.len() as u64)).unwrap();
                message.body[at] ^= 1;
            }
            // A receipt rests on the permissions of the servers.
            _ => {}
        }
        if !message.subject.contains(".receipt.") || message.subject == world.broker.past[index].subject {
            world.broker.store(message);
        }
    }

    fn die(&mut self, host: usize) {
        self.connections[host] = None;
        self.is_behind[host] = true;
        let mut world = self.world.borrow_mut();
        let world = &mut *world;
        let is_power_cut = world.dice.happens(50);
        let (dice, dead) = (&mut world.dice, &mut world.hosts[host]);
        if is_power_cut {
            dead.spool.cut(&mut || dice.happens(50));
        }
        (dead.is_dead, dead.calls_left, dead.is_connected) = (false, None, false);
        dead.inbox.clear();
    }

    /// One turn of a host, which connects first where it is not connected.
    fn turn(&mut self, host: usize) -> Result<(), String> {
        self.turns += 1;
        if self.connections[host].is_none() {
            self.connections[host] = self.connect(host);
        }
        let is_over = self.connections[host].as_mut().is_none_or(Connection::turn);
        if self.world.borrow().hosts[host].is_dead {
            self.deaths += 1;
            self.die(host);
        } else if is_over {
            self.connections[host] = None;
            let mut world = self.world.borrow_mut();
            world.hosts[host].is_connected = false;
            world.hosts[host].inbox.clear();
            world.now_ms += 1_000;
        }
        self.world.borrow().hosts[host].spool.broken.clone().map_or(Ok(()), Err)
    }

    fn connect(&mut self, host: usize) -> Option<Connection> {
        self.sessions += 1;
        let (session, identity) = (format!("{:016x}", self.sessions), format!("{host:032x}"));
        let name = self.world.borrow().hosts[host].name;
        let config = config();
        let mut settings = config.relay.clone().expect("it has one");
        name.clone_into(&mut settings.name);
        let subjects = Subjects::new(&settings.prefix, &settings.stream);
        let (world, began) = (Rc::clone(&self.world), self.began);
        let server = Broker { name: "nats1".into(), version: "2.9.10".into(), max_payload_bytes: 1 << 20 };
        let mut wire = FakeWire { world: Rc::clone(&world), host, server, began };
        world.borrow_mut().hosts[host].is_connected = true;
        let is_origin = name == ORIGIN;
        let mut sender = JobSender::new(&settings, is_origin.then(key), &session);
        let mut taker = (!is_origin).then(|| Taker::new(Arc::clone(&config), &settings, &identity, &session));
        let mut twins = TwinWatch::new(&identity, &session, subjects.here(name));
        let mut state = RelayState::new(name, &identity, began.1);
        let mut store = FakeStore { world, host };
        if self.is_behind[host] {
            if let Some(taker) = &taker {
                taker.catch_up(&mut store, wire.clock()).ok()?;
            }
            self.is_behind[host] = false;
        }
        let course = Session {
            sender: &mut sender,
            taker: taker.as_mut(),
            store: &mut store,
            twins: &mut twins,
            state: &mut state,
            once: false,
        }
        .begin(&mut wire, &subjects);
        Some(Connection { sender, taker, twins, state, course: course.ok()?, wire, store })
    }

    /// Each host has run each job exactly once, and no other. Of two hosts of one name one has, or both.
    fn judge(&self) -> Result<(), String> {
        let world = self.world.borrow();
        for name in ["web1", "web2"] {
            let spools: Vec<&FakeSpool> = world.hosts.iter().filter(|h| h.name == name).map(|h| &h.spool).collect();
            for id in &self.accepted {
                let counts: Vec<u32> = spools.iter().map(|spool| spool.ran.get(id).copied().unwrap_or(0)).collect();
                if counts.iter().any(|count| *count > 1) || counts.iter().sum::<u32>() == 0 {
                    return Err(format!("{name} ran {id} {counts:?} times"));
                }
            }
            let invented = spools.iter().flat_map(|spool| spool.ran.keys()).find(|id| !self.accepted.contains(id));
            if let Some(id) = invented {
                return Err(format!("{name} ran {id}, which nobody accepted"));
            }
        }
        Ok(())
    }
}

impl Connection {
    /// One turn; `true`: it is over.
    fn turn(&mut self) -> bool {
        let Self { sender, taker, twins, state, course, wire, store } = self;
        let mut session = Session { sender, taker: taker.as_mut(), store, twins, state, once: false };
        !matches!(session.turn(wire, course, &mut Nobody), Ok(None))
    }
}
