//! Three servers that are one: any of them may die, and with two of them away jobs wait.

use crate::support::fleet::Fleet;
use crate::support::nats::Nats;
use crate::support::{until, until_within};
use serde_json::Value;
use std::time::Duration;

/// An election takes ten seconds on a machine with nothing else to do, and hosts wait longer after each try.
const PATIENCE: Duration = Duration::from_secs(120);

/// A fleet with three servers, a stream with three copies, and everybody at work.
fn at_work() -> Fleet {
    let mut fleet = Fleet::with_cluster(&["web1", "web2"]);
    let setup = || fleet.gate.run(&["relay", "setup", "--replicas", "3"]);
    until("the servers have found each other", || setup().status.success());
    fleet.start();
    fleet.gate.push("main", "0000");
    fleet.all_have_run(&["0000".to_owned()]);
    fleet.all_is_taken();
    fleet
}

fn servers(fleet: &mut Fleet) -> Vec<&mut Nats> {
    std::iter::once(&mut fleet.nats).chain(&mut fleet.peers).collect()
}

/// The number of the server that leads the stream.
fn leader(fleet: &mut Fleet) -> usize {
    let mut found = None;
    until("the stream has a leader", || {
        let clients = servers(fleet).into_iter().filter(|server| server.is_up()).map(|server| server.client());
        let asked: Vec<Value> = clients.filter_map(|client| client.ask("$JS.API.STREAM.INFO.hookspool", b"")).collect();
        let name = asked.iter().find_map(|info| info["cluster"]["leader"].as_str().map(str::to_owned));
        found = name.and_then(|name| name.strip_prefix("nats")?.parse::<usize>().ok());
        found.is_some()
    });
    found.unwrap() - 1
}

fn push_all(fleet: &Fleet, from: usize, to: usize) {
    for number in from..to {
        fleet.gate.push("main", &format!("{number:04}"));
    }
}

/// Waits until the servers have chosen, and everybody has found them.
fn settled(fleet: &mut Fleet) {
    leader(fleet);
    for host in std::iter::once(&fleet.gate).chain(&fleet.targets) {
        until_within(PATIENCE, &format!("{} has found them", host.name), || {
            let status: Value = serde_json::from_slice(&host.run(&["status", "--json"]).stdout).unwrap();
            status["relay"]["server"].is_string() && status["relay"]["trouble"].is_null()
        });
    }
}

fn all_came(fleet: &Fleet, count: usize) {
    let deliveries: Vec<String> = (0..count).map(|number| format!("{number:04}")).collect();
    fleet.all_have_run(&deliveries);
    fleet.all_is_taken();
}

#[test]
fn a_stream_of_a_cluster_has_three_copies_and_a_setup_again_finds_them() {
    let fleet = Fleet::with_cluster(&["web1"]);
    let setup = |copies: &str| fleet.gate.run(&["relay", "setup", "--replicas", copies]);
    let mut said = String::new();
    until("the servers have found each other", || {
        let made = setup("3");
        said = String::from_utf8(made.stdout).unwrap();
        made.status.success()
    });
    assert!(said.contains(": 3 copies, ") && said.contains("(2.9."), "{said}");
    let info = fleet.peers[0].client().ask("$JS.API.STREAM.INFO.hookspool", b"").unwrap();
    assert_eq!(info["config"]["num_replicas"], 3);
    assert_eq!(info["cluster"]["replicas"].as_array().unwrap().len(), 2, "{info}");
    let less = setup("1");
    let said = String::from_utf8(less.stdout).unwrap();
    assert!(less.status.code() == Some(1) && said.contains("it has 3 copies, and 1 are wanted"), "{said}");
}

#[test]
fn a_server_that_dies_stops_nothing_whichever_it_is() {
    let mut fleet = at_work();
    let leading = leader(&mut fleet);
    push_all(&fleet, 1, 6);
    servers(&mut fleet)[leading].kill();
    push_all(&fleet, 6, 12);
    settled(&mut fleet);
    all_came(&fleet, 12);
    servers(&mut fleet)[leading].resume();
    until("all three have the same", || {
        let info = fleet.nats.is_up().then(|| fleet.nats.client().ask("$JS.API.STREAM.INFO.hookspool", b"")).flatten();
        let copies = info.and_then(|info| info["cluster"]["replicas"].as_array().cloned()).unwrap_or_default();
        copies.len() == 2 && copies.iter().all(|copy| copy["current"] == true && copy["offline"].is_null())
    });
    let follower = (leader(&mut fleet) + 1) % 3;
    servers(&mut fleet)[follower].kill();
    push_all(&fleet, 12, 16);
    settled(&mut fleet);
    all_came(&fleet, 16);
}

#[test]
fn with_two_of_three_away_jobs_wait_and_pass_when_one_is_back() {
    let mut fleet = at_work();
    let leading = leader(&mut fleet);
    let followers = [(leading + 1) % 3, (leading + 2) % 3];
    for dead in [leading, followers[0]] {
        servers(&mut fleet)[dead].kill();
    }
    push_all(&fleet, 1, 9);
    until("somebody is told", || {
        let status: Value = serde_json::from_slice(&fleet.gate.run(&["status", "--json"]).stdout).unwrap();
        !status["relay"]["trouble"].is_null()
    });
    for host in ["web1", "web2"] {
        assert_eq!(fleet.gate.marked(host).len(), 8, "{host}");
    }
    servers(&mut fleet)[leading].resume();
    settled(&mut fleet);
    all_came(&fleet, 9);
}

#[test]
fn with_all_three_killed_at_once_and_back_empty_all_jobs_are_sent_again() {
    let mut fleet = at_work();
    fleet.targets[1].stop();
    push_all(&fleet, 1, 6);
    until("web1 has taken its jobs", || fleet.gate.marked("web1").is_empty());
    for server in servers(&mut fleet) {
        server.kill();
        server.forget_everything();
    }
    servers(&mut fleet).into_iter().for_each(Nats::resume);
    until("there is a stream again", || fleet.gate.run(&["relay", "setup", "--replicas", "3"]).status.success());
    fleet.targets[1].start();
    settled(&mut fleet);
    all_came(&fleet, 6);
}
