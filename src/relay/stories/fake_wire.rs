//! Edge. A connection in memory that loses, doubles and delays, by the world's dice.

use super::fake_broker::PullRequest;
use super::{Shared, World};
use crate::relay::wire::{Arrival, Broker, BrokerMessage, Inlet, Wire, WireError};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The connection of one host.
pub(super) struct FakeWire {
    pub(super) world: Shared,
    pub(super) host: usize,
    pub(super) server: Broker,
    /// The beginning of the story, by both clocks.
    pub(super) began: (Instant, Timestamp),
}

fn silence() -> WireError {
    WireError::Silence("no answer within 5 s".to_owned())
}

fn status(inlet: Inlet, status: u16, words: &str) -> Arrival {
    let (subject, words) = (String::new(), words.to_owned());
    Arrival { inlet, subject, reply: None, status: Some(status), words, body: Vec::new() }
}

impl World {
    /// Something goes to a host: late, twice, or never.
    pub(super) fn send_to(&mut self, host: usize, arrival: &Arrival) {
        let copies = if self.fails(8) { 0 } else { 1 + u64::from(self.fails(8)) };
        for _ in 0..copies {
            let delay = if self.fails(20) { self.dice.roll(40_000) } else { self.dice.roll(20) };
            if self.hosts[host].is_connected {
                self.hosts[host].inbox.push((self.now_ms + delay, arrival.clone()));
            }
        }
    }

    /// Gives out what was asked for.
    fn pump(&mut self, began: Timestamp) {
        for name in self.broker.consumers.keys().cloned().collect::<Vec<_>>() {
            while let Some((request, number, message)) = self.next_for(&name) {
                let stored_at = began.as_nanosecond() + i128::from(self.now_ms) * 1_000_000;
                let reply = Some(format!("$JS.ACK.hookspool.{name}.1.{number}.1.{stored_at}.0"));
                let (inlet, subject, body) = (request.1, message.subject, message.body);
                self.send_to(request.0, &Arrival { inlet, subject, reply, status: None, words: String::new(), body });
            }
            self.end_requests(&name);
        }
    }

    fn next_for(&mut self, name: &str) -> Option<((usize, Inlet), u64, BrokerMessage)> {
        let now_ms = self.now_ms;
        let is_open = |request: &PullRequest| request.left > 0 && request.ends_ms >= now_ms;
        let consumer = self.broker.consumers.get(name)?;
        let index = consumer.requests.iter().position(is_open)?;
        let (number, message) = self.broker.give(name, now_ms)?;
        let request = &mut self.broker.consumers.get_mut(name)?.requests[index];
        request.left -= 1;
        Some(((request.host, request.inlet), number, message))
    }

    fn end_requests(&mut self, name: &str) {
        let now_ms = self.now_ms;
        let Some(consumer) = self.broker.consumers.get_mut(name) else { return };
        let is_over = |request: &PullRequest| request.left == 0 || request.ends_ms <= now_ms;
        let (over, open): (Vec<_>, Vec<_>) = std::mem::take(&mut consumer.requests).into_iter().partition(is_over);
        consumer.requests = open;
        for request in over.into_iter().filter(|request| request.left > 0) {
            self.send_to(request.host, &status(request.inlet, 408, "Request Timeout"));
        }
    }

    fn remove_consumer(&mut self, name: &str) {
        for request in self.broker.consumers.remove(name).into_iter().flat_map(|consumer| consumer.requests) {
            self.send_to(request.host, &status(request.inlet, 409, "Consumer Deleted"));
        }
    }
}

impl FakeWire {
    /// One call: nothing happens without a connection, or to a dead host.
    fn call<T>(&self, work: impl FnOnce(&mut World) -> T) -> Option<T> {
        let mut world = self.world.borrow_mut();
        let lives = world.enter(self.host) && world.hosts[self.host].is_connected;
        lives.then(|| work(&mut world))
    }

    fn store_one(world: &mut World, parcel: BrokerMessage) -> Result<(), WireError> {
        if world.broker.is_away {
            return Err(WireError::NoResponders);
        }
        if world.fails(8) {
            return Err(silence());
        }
        // A server says that it stored what it then loses, too.
        if !world.fails(4) {
            world.broker.store(parcel);
        }
        if world.fails(8) { Err(silence()) } else { Ok(()) }
    }

    fn answer(world: &mut World, subject: &str, body: &[u8], clock: Timestamp) -> Value {
        let words: Vec<&str> = subject.split('.').collect();
        if world.broker.is_away {
            return json!({ "error": { "code": 404, "err_code": 10_059, "description": "stream not found" } });
        }
        match words[..4] {
            ["$JS", "API", "CONSUMER", "DELETE"] => world.remove_consumer(words[5]),
            ["$JS", "API", "CONSUMER", "CREATE"] => {
                let body: Value = serde_json::from_slice(body).unwrap();
                world.broker.make(words[5], body["config"]["filter_subject"].as_str().unwrap());
            }
            _ => panic!("{subject}"),
        }
        json!({ "created": clock.to_string() })
    }
}

impl Wire for FakeWire {
    fn server(&self) -> &Broker {
        &self.server
    }

    fn lost(&self) -> Option<String> {
        let world = self.world.borrow();
        let host = &world.hosts[self.host];
        (host.is_dead || !host.is_connected).then(|| "the connection was lost".to_owned())
    }

    fn now(&self) -> Instant {
        self.began.0 + Duration::from_millis(self.world.borrow().now_ms)
    }

    fn clock(&self) -> Timestamp {
        self.began.1 + SignedDuration::from_millis(i64::try_from(self.world.borrow().now_ms).unwrap())
    }

    fn store(&mut self, parcels: Vec<BrokerMessage>) -> Vec<Result<(), WireError>> {
        let one = |parcel| self.call(|world| Self::store_one(world, parcel)).unwrap_or_else(|| Err(silence()));
        parcels.into_iter().map(one).collect()
    }

    fn ask(&mut self, subject: &str, body: &[u8]) -> Result<Vec<u8>, WireError> {
        let clock = self.clock();
        let answered = self.call(|world| {
            let is_heard = !world.fails(3);
            let answer = is_heard.then(|| Self::answer(world, subject, body, clock));
            answer.filter(|_| !world.fails(3))
        });
        answered.flatten().map(|answer| answer.to_string().into_bytes()).ok_or_else(silence)
    }

    fn acknowledge(&mut self, replies: &[&str]) {
        for reply in replies {
            let words: Vec<&str> = reply.split('.').collect();
            self.call(|world| {
                if !world.fails(12) {
                    world.broker.acknowledge(words[3], words[5].parse().unwrap());
                }
            });
        }
    }

    fn pull(&mut self, inlet: Inlet, subject: &str, _: &[u8]) {
        let name = subject.rsplit('.').next().unwrap().to_owned();
        let host = self.host;
        self.call(|world| {
            let request = PullRequest { host, inlet, left: 16, ends_ms: world.now_ms + 20_000 };
            if world.fails(5) {
                return;
            }
            match world.broker.consumers.get_mut(&name) {
                Some(consumer) => consumer.requests.push(request),
                None => world.send_to(host, &status(inlet, 503, "")),
            }
        });
    }

    fn say(&mut self, subject: &str, body: &[u8]) {
        let name = subject.rsplit('.').next().unwrap().to_owned();
        self.call(|world| {
            for host in (0..world.hosts.len()).filter(|&host| world.hosts[host].name == name).collect::<Vec<_>>() {
                let (subject, body) = (subject.to_owned(), body.to_vec());
                let (reply, status, words) = (None, None, String::new());
                world.send_to(host, &Arrival { inlet: Inlet::Here, subject, reply, status, words, body });
            }
        });
    }

    fn next(&mut self, at_most: Duration) -> Option<Arrival> {
        let (host, began) = (self.host, self.began.1);
        let until = self.world.borrow().now_ms + u64::try_from(at_most.as_millis()).unwrap();
        if self.lost().is_some() {
            // Time goes on for the dead.
            self.world.borrow_mut().now_ms = until;
        }
        self.call(|world| {
            world.pump(began);
            let inbox = &world.hosts[host].inbox;
            let first = (0..inbox.len()).filter(|&index| inbox[index].0 <= until).min_by_key(|&index| inbox[index].0);
            let Some(index) = first else {
                world.now_ms = until;
                return None;
            };
            let (at_ms, arrival) = world.hosts[host].inbox.remove(index);
            world.now_ms = world.now_ms.max(at_ms);
            Some(arrival)
        })
        .flatten()
    }
}
