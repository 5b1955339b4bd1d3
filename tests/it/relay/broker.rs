//! Servers that die, forget, freeze or are full: nothing is lost, and somebody is told.

use crate::support::fleet::Fleet;
use crate::support::until;
use std::fs;

fn deliveries(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("{number:04}")).collect()
}

fn push_all(fleet: &Fleet, deliveries: &[String]) {
    for delivery in deliveries {
        fleet.gate.push("main", delivery);
    }
}

fn trouble(fleet: &Fleet) -> String {
    let status: serde_json::Value = serde_json::from_slice(&fleet.gate.run(&["status", "--json"]).stdout).unwrap();
    status["relay"]["trouble"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_server_that_comes_back_empty_gets_all_jobs_once_more() {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    fleet.gate.start();
    let pushes = deliveries(0, 12);
    push_all(&fleet, &pushes);
    let client = fleet.nats.client();
    until("all is stored", || client.count() == 24);
    fleet.nats.kill();
    fleet.nats.forget_everything();
    fleet.nats.resume();
    fleet.make_stream();
    fleet.start_targets();
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
}

#[test]
fn a_stream_that_begins_anew_hides_no_job_from_a_consumer_that_was_further() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.start();
    let early = deliveries(0, 10);
    push_all(&fleet, &early);
    fleet.all_have_run(&early);
    fleet.all_is_taken();
    let stream = fleet.nats.path("jetstream/jetstream/$G/streams/hookspool");
    fleet.nats.kill();
    // The consumers stay, and remember that they have seen ten messages; the stream does not.
    let consumers = fs::read_dir(stream.join("obs")).unwrap().count();
    fs::remove_dir_all(stream.join("msgs")).unwrap();
    fleet.nats.resume();
    assert!(consumers >= 2, "{consumers}");
    push_all(&fleet, &deliveries(10, 15));
    fleet.all_have_run(&deliveries(0, 15));
    fleet.all_is_taken();
}

#[test]
fn a_server_that_is_away_is_named_and_nothing_is_lost() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.start();
    until("the gate is connected", || fleet.gate.said(&["status"]).contains("connected to nats1"));
    fleet.nats.kill();
    let pushes = deliveries(0, 5);
    push_all(&fleet, &pushes);
    until("somebody is told", || trouble(&fleet).contains("connection"));
    let status = fleet.gate.said(&["status"]);
    assert!(status.contains("relay    gate, unreachable for ") && status.contains("5 for web1"), "{status}");
    fleet.nats.resume();
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
}

#[test]
fn a_server_that_is_frozen_is_noticed_and_goes_on_when_it_thaws() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.start();
    fleet.gate.push("main", "0000");
    fleet.all_have_run(&deliveries(0, 1));
    fleet.all_is_taken();
    fleet.nats.freeze();
    fleet.gate.push("main", "0001");
    until("its silence is noticed", || !trouble(&fleet).is_empty());
    fleet.nats.thaw();
    fleet.all_have_run(&deliveries(0, 2));
    fleet.all_is_taken();
}

#[test]
fn a_full_stream_is_named_and_what_does_not_fit_waits_here() {
    let mut fleet = Fleet::new(&[]);
    fleet.add_targets(&["web1"]);
    fleet.remake_stream("30KiB");
    fleet.gate.start();
    for delivery in &deliveries(0, 12) {
        fleet.gate.push_with("main", delivery, &[b'x'; 4096]);
    }
    until("the stream is full", || trouble(&fleet).contains("maximum bytes exceeded"));
    assert_eq!(fleet.gate.marked("web1").len(), 12);
    fleet.start_targets();
    fleet.all_have_run(&deliveries(0, 12));
    fleet.all_is_taken();
    until("the trouble is over", || trouble(&fleet).is_empty());
}

#[test]
fn a_host_that_is_away_keeps_no_more_than_its_window_in_the_stream() {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    fleet.configure_gate("window = 3", &["web1", "web2"]);
    fleet.gate.start();
    fleet.targets[0].start();
    let pushes = deliveries(0, 20);
    push_all(&fleet, &pushes);
    until("web1 has run all", || fleet.targets[0].marks().len() == 20);
    let client = fleet.nats.client();
    until("only the window of web2 is left", || client.count() == 3);
    assert_eq!(fleet.gate.marked("web2").len(), 20);
    fleet.targets[1].start();
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
}
