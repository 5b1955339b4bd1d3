//! Hosts and a server in network namespaces, whose links are cut without a word: no packet says that a connection is
//! over. Nothing is lost, nothing comes twice, and somebody is told in bounded time.

use crate::support::fleet::Fleet;
use crate::support::until;
use serde_json::Value;
use std::time::{Duration, Instant};

/// A call waits 5 s for an answer, and three missed signs of life take 30 s: in that time somebody is told at the latest.
const BOUND: Duration = Duration::from_secs(30);

fn status(fleet: &Fleet, of_gate: bool) -> Value {
    let host = if of_gate { &fleet.gate } else { &fleet.targets[0] };
    let status: Value = serde_json::from_slice(&host.run(&["status", "--json"]).stdout).unwrap();
    status["relay"].clone()
}

/// A fleet that has passed one job, and stays connected.
fn at_work() -> Fleet {
    let mut fleet = Fleet::apart(&["web1"]);
    fleet.start();
    fleet.gate.push("main", "0001");
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
    fleet
}

/// Pushes while something is cut, waits until a person would be told, mends it, and looks that all is there once.
fn told_and_mended(fleet: &Fleet) {
    let began = Instant::now();
    for delivery in ["0002", "0003"] {
        fleet.gate.push("main", delivery);
    }
    until("somebody is told", || !status(fleet, true)["trouble"].is_null());
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    let told = fleet.gate.said(&["status"]);
    assert!(told.contains("no answer within 5 s") && told.contains("2 for web1"), "{told}");
    assert_eq!(fleet.gate.marked("web1").len(), 2);
    fleet.net().mend();
    fleet.all_have_run(&["0001", "0002", "0003"].map(str::to_owned));
    fleet.all_is_taken();
    until("the trouble is over", || status(fleet, true)["trouble"].is_null());
}

#[test]
fn a_link_of_the_origin_that_is_cut_is_told_and_loses_nothing() {
    let fleet = at_work();
    fleet.net().cut("gate", "nats1");
    told_and_mended(&fleet);
}

#[test]
fn a_link_on_which_nothing_comes_back_is_told_and_doubles_nothing() {
    let fleet = at_work();
    // The server stores what it hears, and each answer vanishes.
    fleet.net().silence("nats1", "gate");
    told_and_mended(&fleet);
}

#[test]
fn a_link_on_which_nothing_gets_out_is_told_and_loses_nothing() {
    let fleet = at_work();
    fleet.net().silence("gate", "nats1");
    told_and_mended(&fleet);
}

#[test]
fn a_target_whose_receipts_vanish_runs_each_job_once() {
    let fleet = at_work();
    // Jobs arrive, and no word of the target does.
    fleet.net().silence("web1", "nats1");
    fleet.gate.push("main", "0002");
    until("it has run what came", || fleet.targets[0].marks().len() == 2);
    assert_eq!(fleet.gate.marked("web1").len(), 1, "nobody has heard of it");
    fleet.net().mend();
    fleet.all_is_taken();
    fleet.all_have_run(&["0001", "0002"].map(str::to_owned));
}

#[test]
fn a_link_that_is_cut_for_long_is_named_as_such_on_both_sides() {
    let fleet = at_work();
    fleet.net().cut("gate", "nats1");
    fleet.net().cut("web1", "nats1");
    let began = Instant::now();
    // Nothing is sent: the signs of life alone tell.
    for of_gate in [true, false] {
        until("the loss is told", || status(&fleet, of_gate)["server"].is_null());
    }
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    fleet.gate.push("main", "0002");
    fleet.net().mend();
    fleet.all_have_run(&["0001", "0002"].map(str::to_owned));
    fleet.all_is_taken();
}
