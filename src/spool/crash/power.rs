//! Pure. Power cuts and kills at every call.

use super::promises::{Promises, places_on};
use super::scenarios::{append, at, backlog, day};
use crate::model::{Outcome, State};
use crate::spool::disk::Place;
use crate::spool::fake::{FakeDisk, Mute, Survives};
use crate::spool::keeper::Keeper;
use crate::spool::{Claimed, Settlement, SpoolError};

type Scenario = fn(&FakeDisk, &mut Promises) -> Result<(), SpoolError>;
type Start = fn() -> (FakeDisk, Promises);

fn empty() -> (FakeDisk, Promises) {
    (FakeDisk::with_spool(), Promises::default())
}

/// What may survive a cut: nothing, all, and this many mixtures.
fn cuts(call: usize, mixtures: u64) -> impl Iterator<Item = Survives> {
    let mixtures = (0..mixtures).map(move |n| Survives::Some(n + 1000 * call as u64));
    [Survives::Nothing, Survives::Everything].into_iter().chain(mixtures)
}

/// Runs the scenario and dies at each of its calls, until a disk that a reboot may find breaks a promise; which.
fn breakage(start: Start, scenario: Scenario, mixtures: u64, mute: Option<Mute>) -> Vec<String> {
    let (disk, mut promises) = start();
    scenario(&disk, &mut promises).unwrap();
    let calls = disk.calls();
    assert!(calls > 20, "only {calls} calls");
    for call in 1..=calls + 1 {
        let (disk, mut promises) = start();
        disk.mute(mute);
        disk.die_at(call);
        let result = scenario(&disk, &mut promises);
        assert_eq!(result.is_ok(), call > calls, "died at call {call} of {calls}");
        for survives in cuts(call, mixtures) {
            let broken = promises.broken_on(&disk.after(survives));
            if !broken.is_empty() {
                return broken.into_iter().map(|b| format!("call {call} of {calls}, {survives:?}: {b}")).collect();
            }
        }
    }
    Vec::new()
}

#[test]
fn a_power_cut_at_any_call_of_an_append_loses_nothing_acknowledged() {
    assert_eq!(breakage(empty, append, 12, None), [""; 0]);
}

#[test]
fn a_power_cut_at_any_call_of_a_runners_day_keeps_every_job_in_one_place_with_its_history() {
    assert_eq!(breakage(backlog, day, 6, None), [""; 0]);
}

#[test]
fn a_power_cut_at_any_call_of_a_recovery_is_recovered_from() {
    let (disk, mut promises) = backlog();
    day(&disk, &mut promises).unwrap();
    for call in (1..=disk.calls() + 1).step_by(11) {
        let (disk, mut promises) = backlog();
        disk.die_at(call);
        let _ = day(&disk, &mut promises);
        let first = disk.after(Survives::Some(call as u64));
        for call in 1.. {
            let again = first.after(Survives::Everything);
            again.die_at(call);
            let complete = Keeper::on(again.clone()).and_then(|keeper| keeper.recover(at(2)).map(drop)).is_ok();
            for survives in cuts(call, 1) {
                assert_eq!(promises.broken_on(&again.after(survives)), [""; 0]);
            }
            if complete {
                break;
            }
        }
    }
}

/// Claims a job and settles it; where a power cut after either finds it otherwise than in its new place.
fn undone(mute: Option<Mute>) -> Vec<String> {
    let (disk, _) = backlog();
    disk.mute(mute);
    let keeper = Keeper::on(disk.clone()).unwrap();
    let id = keeper.scan(at(2)).unwrap().jobs[0];
    let mut undone = Vec::new();
    let mut look = |wanted: State| {
        for survives in cuts(0, 30) {
            let found = places_on(&disk.after(survives)).remove(&id);
            undone.extend((found != Some(vec![wanted])).then(|| format!("{wanted:?} is {found:?} after {survives:?}")));
        }
    };
    let Claimed::Job(claim) = keeper.claim(id, at(2)).unwrap() else { panic!("{id} is not there") };
    look(State::Running);
    claim.settle(Settlement::Ended { outcome: Outcome::Succeeded, reason: None }, at(2)).unwrap();
    look(State::Done);
    undone
}

#[test]
fn a_power_cut_undoes_no_claim_and_no_settlement() {
    assert_eq!(undone(None), [""; 0]);
    for state in [State::Queued, State::Running, State::Done] {
        let undone = undone(Some(Mute::Dir(Place::In(state))));
        assert!(!undone.is_empty(), "nobody missed the flush of {state:?}");
    }
}

#[test]
fn each_flush_that_is_left_out_breaks_a_promise() {
    let queued = Place::In(State::Queued);
    let running = Place::In(State::Running);
    let rows: [(&str, Start, Scenario, Mute); 5] = [
        ("append: the file", empty, append, Mute::File(Place::Tmp, "")),
        ("append: queued/", empty, append, Mute::Dir(queued)),
        ("record: the history", backlog, day, Mute::File(running, ".events")),
        ("claim: running/, which holds the history", backlog, day, Mute::Dir(running)),
        ("decide: the history", backlog, day, Mute::File(queued, ".events")),
    ];
    for (what, start, scenario, mute) in rows {
        let broken = breakage(start, scenario, 6, Some(mute));
        assert!(!broken.is_empty(), "nobody missed the flush of {what}");
    }
}
