//! Edge. Power cuts and kills at every call.

use super::promises::{Promises, places_on};
use super::scenarios::{append, at, backlog, day, journaled_day};
use crate::model::{Outcome, State};
use crate::spool::disk::Place;
use crate::spool::fake::{FakeDisk, Mute, Survives};
use crate::spool::owner::SpoolOwner;
use crate::spool::{Claimed, Hold, Settlement, SpoolError};

type Scenario = fn(&FakeDisk, &mut Promises) -> Result<(), SpoolError>;
type Start = fn() -> (FakeDisk, Promises);

fn empty() -> (FakeDisk, Promises) {
    (FakeDisk::with_spool(), Promises::default())
}

/// The remains of a cut: nothing, all, and this many mixtures.
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
fn a_power_cut_at_any_call_of_a_runners_day_keeps_every_job_once() {
    assert_eq!(breakage(backlog, day, 4, None), [""; 0]);
}

#[test]
fn a_power_cut_at_any_call_of_a_day_with_a_journal_keeps_every_job_once() {
    assert_eq!(breakage(backlog, journaled_day, 8, None), [""; 0]);
}

/// Ends two jobs, and removes them.
fn removal(disk: &FakeDisk, promises: &mut Promises, journaled: bool) -> Result<(), SpoolError> {
    let owner = SpoolOwner::on(disk.clone())?;
    if journaled {
        let _goes_on_without = owner.begin_journal();
    }
    let jobs = owner.scan(at(2))?.jobs;
    for &id in &jobs[..2] {
        promises.places(id, &[State::Queued, State::Done]);
        owner.decide(id, Settlement::Ended { outcome: Outcome::Cancelled, reason: None }, at(2))?;
        disk.put(Place::Log, &format!("{id}.log"), b"");
        promises.places(id, &[State::Done]);
    }
    for id in &jobs[..2] {
        // From here on it may be there or not; if it is, it is a job in its place.
        promises.0.remove(id);
    }
    assert_eq!(owner.remove(&jobs, false)?.ids, jobs[..2]);
    Ok(())
}

/// Findings of a recovery: what is wrong, or in another place than the one where a removal began or nowhere.
fn unfinished(journaled: bool, mute: Option<Mute>) -> Vec<String> {
    let (disk, mut promises) = backlog();
    removal(&disk, &mut promises, journaled).unwrap();
    let mut found = Vec::new();
    for call in 1..=disk.calls() {
        let (disk, mut promises) = backlog();
        disk.mute(mute);
        disk.die_at(call);
        let _ = removal(&disk, &mut promises, journaled);
        for survives in cuts(call, 8) {
            let after = disk.after(survives);
            let recovered = SpoolOwner::on(after.clone()).and_then(|owner| owner.recover(at(3))).unwrap();
            found.extend(recovered.problems.iter().map(|problem| format!("call {call}, {survives:?}: {problem}")));
            let states: Vec<State> = places_on(&after).into_values().flatten().collect();
            let strange = states.iter().find(|state| !matches!(state, State::Queued | State::Done));
            found.extend(strange.map(|state| format!("call {call}, {survives:?}: a job in {state:?}")));
        }
    }
    found
}

#[test]
fn a_power_cut_at_any_call_of_a_removal_leaves_jobs_and_no_history_without_one() {
    for journaled in [true, false] {
        assert_eq!(unfinished(journaled, None), [""; 0]);
        let missed = unfinished(journaled, Some(Mute::Dir(Place::In(State::Done))));
        assert!(!missed.is_empty(), "nobody missed the flush of done/ between histories and jobs");
    }
}

#[test]
fn a_power_cut_undoes_no_hold_and_no_release() {
    let (disk, _) = backlog();
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    let hold = |why: &str| Hold { why: why.to_owned(), since: at(2), by: "me".to_owned() };
    let after = || SpoolOwner::on(disk.after(Survives::Nothing)).unwrap().holds().unwrap();
    assert_eq!(owner.hold("docs", &hold("first")).unwrap(), None);
    assert_eq!(after().get("docs"), Some(&hold("first")));
    assert_eq!(owner.hold("docs", &hold("second")).unwrap(), Some(hold("first")));
    assert!(owner.end_hold("docs").unwrap() && !owner.end_hold("docs").unwrap());
    assert!(after().is_empty());
}

#[test]
fn a_power_cut_at_any_call_of_a_hold_leaves_all_of_it_or_nothing() {
    let hold = Hold { why: "x".repeat(2000), since: at(2), by: "me".to_owned() };
    let hold_on = |disk: &FakeDisk| SpoolOwner::on(disk.clone()).and_then(|owner| owner.hold("docs", &hold));
    let (disk, _) = backlog();
    hold_on(&disk).unwrap();
    for call in 1..=disk.calls() {
        let (disk, _) = backlog();
        disk.die_at(call);
        let _ = hold_on(&disk);
        for survives in cuts(call, 12) {
            let holds = SpoolOwner::on(disk.after(survives)).unwrap().holds().unwrap();
            assert!(holds.is_empty() || holds.get("docs") == Some(&hold), "call {call}, {survives:?}: {holds:?}");
        }
    }
}

#[test]
fn a_power_cut_at_any_call_of_a_recovery_is_recovered_from() {
    for (day, mixtures) in [(day as Scenario, 1), (journaled_day, 1)] {
        let (disk, mut promises) = backlog();
        day(&disk, &mut promises).unwrap();
        for call in (1..=disk.calls() + 1).step_by(23) {
            let (disk, mut promises) = backlog();
            disk.die_at(call);
            let _ = day(&disk, &mut promises);
            let first = disk.after(Survives::Some(call as u64));
            for call in 1.. {
                let again = first.after(Survives::Everything);
                again.die_at(call);
                let complete = SpoolOwner::on(again.clone()).and_then(|owner| owner.recover(at(2)).map(drop)).is_ok();
                for survives in cuts(call, mixtures) {
                    assert_eq!(promises.broken_on(&again.after(survives)), [""; 0]);
                }
                if complete {
                    break;
                }
            }
        }
    }
}

/// Claims a job and settles it; where a power cut after either finds it otherwise than in its new place.
fn undone(mute: Option<Mute>) -> Vec<String> {
    let (disk, _) = backlog();
    disk.mute(mute);
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    let id = owner.scan(at(2)).unwrap().jobs[0];
    let mut undone = Vec::new();
    let mut look = |wanted: State| {
        for survives in cuts(0, 30) {
            let found = places_on(&disk.after(survives)).remove(&id);
            undone.extend((found != Some(vec![wanted])).then(|| format!("{wanted:?} is {found:?} after {survives:?}")));
        }
    };
    let Claimed::Job(claim) = owner.claim(id, at(2)).unwrap() else { panic!("{id} is not there") };
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

/// The content of `queued/` and `corrupt/` if the power goes now.
fn kept(disk: &FakeDisk) -> [Vec<String>; 2] {
    let after = disk.after(Survives::Nothing);
    [State::Queued, State::Corrupt].map(|state| after.names(Place::In(state)))
}

#[test]
fn a_power_cut_brings_nothing_back_that_was_put_away() {
    let name = |end: &str| format!("0000000000000000001.00000001.{end}");
    let disk = FakeDisk::with_spool();
    let owner = SpoolOwner::on(disk.clone()).unwrap();
    disk.put(Place::In(State::Queued), &name("job"), b"damaged");
    let claimed = owner.claim("0000000000000000001.00000001".parse().unwrap(), at(1)).unwrap();
    assert!(matches!(claimed, Claimed::Corrupt { .. }));
    assert_eq!(kept(&disk), [vec![], vec![name("events"), name("job")]]);

    disk.put(Place::In(State::Queued), "stray", b"");
    assert_eq!(owner.scan(at(1)).unwrap().problems.len(), 1);
    let [queued, corrupt] = kept(&disk);
    assert_eq!((queued.len(), corrupt.len()), (0, 4));

    disk.put(Place::In(State::Queued), "0000000000000000002.00000002.events", b"{}\n");
    assert_eq!(owner.recover(at(1)).unwrap().problems.len(), 1);
    let [queued, corrupt] = kept(&disk);
    assert_eq!((queued.len(), corrupt.len()), (0, 5));
}

#[test]
fn each_flush_that_is_left_out_breaks_a_promise() {
    let queued = Place::In(State::Queued);
    let running = Place::In(State::Running);
    let root = Place::Root;
    let rows: [(&str, Start, Scenario, Mute); 9] = [
        ("append: the file", empty, append, Mute::File(Place::Tmp, "")),
        ("append: queued/", empty, append, Mute::Dir(queued)),
        ("record: the history", backlog, day, Mute::File(running, ".events")),
        ("claim: running/, which holds the history", backlog, day, Mute::Dir(running)),
        ("decide: the history", backlog, day, Mute::File(queued, ".events")),
        ("journal: its records", backlog, journaled_day, Mute::File(root, "journal")),
        ("journal: its zeros", backlog, journaled_day, Mute::File(root, "journal.new")),
        ("journal: its name", backlog, journaled_day, Mute::Dir(root)),
        ("journal: what a checkpoint makes durable", backlog, journaled_day, Mute::All),
    ];
    for (what, start, scenario, mute) in rows {
        let broken = breakage(start, scenario, 6, Some(mute));
        assert!(!broken.is_empty(), "nobody missed the flush of {what}");
    }
}
