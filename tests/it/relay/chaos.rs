//! Servers, origin and targets killed at random while jobs pass: each host runs each exactly once. The campaign
//! (`tests/campaign relay`) does the same for longer, with as many pushes as it is told.

use crate::support::campaign::{number, tried};
use crate::support::fleet::Fleet;
use std::time::{Duration, Instant};

/// Numbers that look random, and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Kills one, or all, and starts it again.
fn strike(fleet: &mut Fleet, dice: &mut Dice, deaths: &mut [u32; 3]) {
    match dice.roll(6) {
        0 | 1 => {
            deaths[0] += 1;
            fleet.nats.kill();
            fleet.nats.resume();
        }
        2 => {
            deaths[1] += 1;
            fleet.gate.kill();
            fleet.gate.start();
        }
        _ => {
            deaths[2] += 1;
            let victim = usize::try_from(dice.roll(fleet.targets.len() as u64)).unwrap();
            fleet.targets[victim].kill();
            fleet.targets[victim].start();
        }
    }
}

#[test]
fn whatever_is_killed_each_host_takes_each_job_exactly_once() {
    let (pushes, seconds) = (number("RELAY_PUSHES", 60), number("RELAY_SECONDS", 6));
    let mut dice = Dice(number("SEED", 0x5eed_1234).max(1));
    let mut fleet = Fleet::new(&["web1", "web2", "web3"]);
    fleet.start();
    let (began, all) = (Instant::now(), Duration::from_secs(seconds));
    let (mut deaths, mut ids) = ([0; 3], Vec::new());
    let pause = (all / u32::try_from(pushes).unwrap()).max(Duration::from_millis(1));
    for push in 0..pushes {
        ids.push(fleet.gate.push(["main", "next", "old"][usize::try_from(push % 3).unwrap()], &format!("{push:05}")));
        while began.elapsed() < pause * u32::try_from(push + 1).unwrap() {
            // Between two deaths something must be under way; which, is left to chance.
            std::thread::sleep(Duration::from_millis(20 + dice.roll(300)));
            strike(&mut fleet, &mut dice, &mut deaths);
            tried(1);
        }
    }
    fleet.all_is_taken();
    let wanted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    for (index, target) in fleet.targets.iter().enumerate() {
        fleet.has_done_all(index, wanted.len());
        assert_eq!(target.jobs("done"), wanted, "{}", target.name);
        // A step that a killed runner had begun may have left its mark twice; no job was there twice.
        let mut marks = target.marks();
        marks.sort();
        marks.dedup();
        assert_eq!(marks.len(), wanted.len(), "{}", target.name);
    }
    assert_eq!(fleet.gate.jobs("done"), wanted);
    println!("{pushes} pushes; killed: server {}, origin {}, targets {}", deaths[0], deaths[1], deaths[2]);
}
