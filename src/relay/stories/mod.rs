//! Edge. Stories: hosts and a server that lose, double, delay and forget, die between any two calls and find less on
//! their disks, by a schedule that a seed decides. However a story goes, in the end each host has run each job that was
//! accepted for it exactly once, none that was not, and no mark went before the job was safe.
//!
//! The real session, sender and taker play in them; the net and the disk are in memory, and time is a number.

mod fake_broker;
mod fake_store;
mod fake_wire;
mod script;

use fake_broker::FakeBroker;
use fake_store::FakeSpool;
use script::Story;
use std::cell::RefCell;
use std::rc::Rc;

/// Numbers that look random, and are the same for the same seed.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    /// True in so many of a hundred cases.
    fn happens(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// All that there is in a story.
struct World {
    dice: Dice,
    /// Milliseconds since its beginning.
    now_ms: u64,
    /// Things go wrong.
    is_rough: bool,
    broker: FakeBroker,
    hosts: Vec<FakeHost>,
}

/// A host as the net and the disk know it.
struct FakeHost {
    name: &'static str,
    spool: FakeSpool,
    /// Messages on their way to it, with the time at which each arrives.
    inbox: Vec<(u64, super::wire::Arrival)>,
    is_connected: bool,
    /// Calls that it still makes before it dies.
    calls_left: Option<u64>,
    is_dead: bool,
}

type Shared = Rc<RefCell<World>>;

impl World {
    /// One more call of a host; `false`: it is dead, and nothing happens any more.
    fn enter(&mut self, host: usize) -> bool {
        let host = &mut self.hosts[host];
        match &mut host.calls_left {
            Some(0) => host.is_dead = true,
            Some(left) => *left -= 1,
            None => {}
        }
        !host.is_dead
    }

    /// True if a thing goes wrong that does so in so many of a hundred cases.
    fn fails(&mut self, percent: u64) -> bool {
        self.is_rough && self.dice.happens(percent)
    }
}

#[test]
fn a_stream_that_is_lost_under_a_connection_hides_no_job() {
    let mut story = Story::of(7);
    story.lose_the_stream().unwrap();
}

/// The number in a variable of the environment, or another.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn whatever_happens_each_host_runs_each_job_exactly_once() {
    let (first, count) = (number("HOOKSPOOL_STORY", 1), number("HOOKSPOOL_STORIES", 300));
    let (mut turns, mut deaths, mut twins) = (0, 0, 0);
    for seed in first..first + count {
        let mut story = Story::of(seed);
        if let Err(what) = story.tell() {
            panic!("HOOKSPOOL_STORY={seed} HOOKSPOOL_STORIES=1: {what}");
        }
        turns += story.turns;
        deaths += story.deaths;
        twins += u64::from(story.has_twin);
    }
    println!("{count} stories, {turns} turns, {deaths} deaths, {twins} with two hosts of one name");
    assert!(deaths > count && turns > 50 * count, "nothing happened in them");
}
