//! Hosts whose clocks are wrong: nothing is lost, and `doctor` says whose, by how much, and what to do.

use crate::support::fleet::{Fleet, Host};
use crate::support::until;
use hookspool::model::{EventKind, JobMeta, RefName};
use jiff::{SignedDuration, Timestamp};

fn doctor(host: &Host) -> String {
    String::from_utf8(host.run(&["doctor", "--offline"]).stdout).unwrap().replace("\n            ", " ")
}

#[test]
fn a_clock_that_is_wrong_by_minutes_is_told_on_both_hosts_and_costs_nothing() {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    fleet.targets[0].set_clock(Some("+40m"));
    fleet.start();
    fleet.gate.push("main", "0001");
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
    let there = doctor(&fleet.targets[0]);
    assert!(there.contains("warning  this host's clock was 40 min ahead of the NATS server's"), "{there}");
    assert!(there.contains("timedatectl set-ntp true"), "{there}");
    until("the receipt has told of it", || {
        let here = doctor(&fleet.gate);
        here.contains("the clock of `web1` was 40 min ahead of the NATS server's when they were compared, and 40 min")
    });
    let here = doctor(&fleet.gate);
    assert!(!here.contains("web2") && !here.contains("this host's clock"), "{here}");
    // An origin that is ahead shows it by its jobs.
    fleet.gate.queue(
        &JobMeta {
            reference: RefName::branch_named("main"),
            delivery: Some("0002".to_owned()),
            ..JobMeta::new("docs", "github", EventKind::Push, Timestamp::now() + SignedDuration::from_hours(3))
        },
        b"{}",
    );
    fleet.all_have_run(&["0001", "0002"].map(str::to_owned));
    until("web2 tells of it", || doctor(&fleet.targets[1]).contains("the clock of `gate` was 3 h ahead of the NATS"));
}

#[test]
fn a_target_that_lives_in_the_past_refuses_and_is_told_why() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.targets[0].set_clock(Some("-3d"));
    fleet.start();
    let id = fleet.gate.push("main", "0001").to_string();
    until("the refusal is shown", || fleet.gate.said(&["show", &id]).contains("it arrived in the future"));
    let there = doctor(&fleet.targets[0]);
    assert!(there.contains("PROBLEM  this host's clock was 3 d behind the NATS server's"), "{there}");
    until("the origin tells of it", || {
        let here = doctor(&fleet.gate);
        here.contains("PROBLEM  the clock of `web1` was 3 d behind the NATS server's")
            && here.contains("`web1` has refused 1 job")
    });
    fleet.targets[0].stop();
    fleet.targets[0].set_clock(None);
    fleet.targets[0].start();
    fleet.gate.said(&["relay", "resend", "docs", "web1"]);
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
}

#[test]
fn a_clock_that_jumps_gives_up_no_job() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.gate.set_clock(Some("+40d"));
    let id = fleet.gate.push("main", "0001").to_string();
    fleet.gate.start();
    until("it has connected", || fleet.gate.log().contains("clocks-differ"));
    let client = fleet.nats.client();
    until("the job is sent all the same", || client.count() == 1);
    assert!(!fleet.gate.log().contains("given-up"), "{}", fleet.gate.log());
    assert_eq!(fleet.gate.marked("web1"), [id]);
    let here = doctor(&fleet.gate);
    assert!(here.contains("PROBLEM  this host's clock was 40 d ahead of the NATS server's"), "{here}");
    fleet.start_targets();
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
}

#[test]
fn a_job_that_nobody_takes_is_given_up_when_the_clocks_agree() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.configure_gate("keep = \"1h\"", &["web1"]);
    fleet.remake_stream("1MiB");
    fleet.gate.set_clock(Some("-2h"));
    let said = fleet.gate.said(&["deploy", "docs", "--branch", "main", "--json"]);
    let id = serde_json::from_str::<serde_json::Value>(&said).unwrap()[0]["id"].as_str().unwrap().to_owned();
    fleet.gate.set_clock(None);
    fleet.gate.start();
    let words = "host        web1: given up: not taken within 1 h";
    until("it is given up", || fleet.gate.said(&["show", &id]).contains(words));
    assert_eq!(fleet.gate.marked("web1"), [""; 0]);
}
