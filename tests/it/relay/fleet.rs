//! One push, three hosts: each runs it exactly once.

use crate::support::fleet::Fleet;
use crate::support::until;
use serde_json::Value;

const HOSTS: [&str; 3] = ["web1", "web2", "web3"];

fn deliveries(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:04}")).collect()
}

#[test]
fn fifty_pushes_become_fifty_jobs_on_each_of_three_hosts() {
    let mut fleet = Fleet::new(&HOSTS);
    fleet.start();
    let pushes = deliveries(50);
    for (number, delivery) in pushes.iter().enumerate() {
        fleet.gate.push(["main", "next"][number % 2], delivery);
    }
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
    for target in &fleet.targets {
        let marks = target.marks();
        let last = |parity| marks.iter().rev().find(|mark| mark.ends_with(parity)).cloned();
        let newest = (last(['0', '2', '4', '6', '8']), last(['1', '3', '5', '7', '9']));
        assert_eq!(newest, (Some("0048".to_owned()), Some("0049".to_owned())), "of each branch the newest runs last");
        assert_eq!(target.jobs("done"), fleet.gate.jobs("done"), "the ids are those of the origin");
        let listed = target.listed();
        assert!(listed.iter().all(|job| job["outcome"] == "succeeded"), "{listed:?}");
    }
    let outcomes: Vec<Value> = fleet.gate.listed().into_iter().map(|mut job| job["outcome"].take()).collect();
    assert_eq!(outcomes, vec![Value::from("relayed"); 50]);
}

#[test]
fn a_wish_of_a_person_counts_on_one_host_and_is_held_where_jobs_are_passed_on() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.start();
    let said = fleet.gate.said(&["deploy", "docs", "--branch", "main", "--force", "--json"]);
    let id = serde_json::from_str::<Value>(&said).unwrap()[0]["id"].as_str().unwrap().to_owned();
    until("it is held", || fleet.gate.jobs("held") == [id.clone()]);
    assert!(fleet.gate.said(&["show", &id]).contains("count on one host alone"));
    fleet.gate.said(&["deploy", "docs", "--branch", "main"]);
    until("a plain one is run there", || fleet.targets[0].jobs("done").len() == 1);
    assert_eq!(fleet.gate.marked("web1"), [""; 0]);
}
