//! A server with logins: what `relay setup` prints is enough for all that a host does, and for nothing else.

use crate::support::fleet::Fleet;
use crate::support::nats::NatsClient;
use crate::support::until;
use serde_json::json;
use std::fs;

/// A fleet whose server knows its hosts by nkeys, with the permissions that `relay setup` prints.
fn with_logins() -> Fleet {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    let admin = fleet.gate.path("admin.nk");
    fleet.gate.said(&["relay", "nkey", "--out", admin.to_str().unwrap()]);
    let admin = admin.to_str().unwrap();
    let mut arguments = ["relay", "setup", "--print", "--credentials", admin].map(str::to_owned).to_vec();
    for host in std::iter::once(&fleet.gate).chain(&fleet.targets) {
        let seed = host.path("relay.nk");
        let public = host.said(&["relay", "nkey", "--out", seed.to_str().unwrap()]);
        arguments.push(format!("{}={}", host.name, public.trim()));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = fleet.gate.said(&arguments);
    fleet.nats.kill();
    fleet.nats.set(&printed);
    fleet.nats.resume();
    // The administrator's login makes the stream, or finds it; a host's does not.
    fleet.gate.said(&["relay", "setup", "--credentials", admin]);
    let credentials = "credentials = { file = \"ROOT/relay.nk\" }";
    fleet.configure_gate(credentials, &["web1", "web2"]);
    for target in &fleet.targets {
        fleet.configure_target(target, credentials);
    }
    fleet
}

fn client(fleet: &Fleet, target: usize) -> NatsClient {
    let host = &fleet.targets[target];
    let seed = fs::read_to_string(host.path("relay.nk")).unwrap();
    NatsClient::connect(&fleet.nats.url(), Some(seed.trim()), &format!("hookspool.inbox.{}", host.name))
}

#[test]
fn the_printed_permissions_are_enough_for_all_that_hosts_do() {
    let mut fleet = with_logins();
    fleet.start();
    let pushes: Vec<String> = (0..5).map(|number| number.to_string()).collect();
    for delivery in &pushes {
        fleet.gate.push("main", delivery);
    }
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
    let logs = [fleet.gate.log(), fleet.targets[0].log(), fleet.targets[1].log()].concat();
    assert!(!logs.to_lowercase().contains("permission"), "{logs}");
    let doctor = String::from_utf8(fleet.targets[0].run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("stream `hookspool` at nats1 can be used"), "{doctor}");
}

#[test]
fn a_permission_that_is_missing_is_named_by_doctor_and_its_questions_change_nothing() {
    let mut fleet = with_logins();
    let whole = fleet.nats.settings().to_owned();
    for missing in ["$JS.API.CONSUMER.DELETE.hookspool.web1", "hookspool.receipt.*.web1.>"] {
        let less: Vec<&str> = whole.lines().filter(|line| !line.contains(&format!("{missing}\""))).collect();
        assert_eq!(less.len() + 1, whole.lines().count(), "{missing} stands on a line of its own");
        fleet.nats.kill();
        fleet.nats.set(&less.join("\n"));
        fleet.nats.resume();
        let doctor = String::from_utf8(fleet.targets[0].run(&["doctor"]).stdout).unwrap();
        let told = missing.replace("*.web1.>", "web1.web1.allowed");
        assert!(doctor.contains(&format!("PROBLEM  nats1 lets this host publish nothing on {told}\n")), "{doctor}");
    }
    fleet.nats.kill();
    fleet.nats.set(&whole);
    fleet.nats.resume();
    let doctor = String::from_utf8(fleet.targets[0].run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("can be used: 0 messages wait in it"), "{doctor}");
}

#[test]
fn a_stream_is_made_with_the_login_of_the_administrator_alone() {
    let mut fleet = with_logins();
    let own = fleet.gate.path("relay.nk");
    fleet.nats.kill();
    fleet.nats.forget_everything();
    fleet.nats.resume();
    let refused = fleet.gate.run(&["relay", "setup", "--credentials", own.to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(69) && said.contains("ermissions"), "{said}");
    let admin = fleet.gate.path("admin.nk");
    assert!(
        fleet.gate.said(&["relay", "setup", "--credentials", admin.to_str().unwrap()]).contains("was made at nats1")
    );
}

#[test]
fn with_the_login_of_one_host_nothing_is_done_in_the_name_of_another() {
    let fleet = with_logins();
    let client = client(&fleet, 0);
    let id = "1795332869123456789.3f9a1c2e";
    for subject in [
        format!("hookspool.job.web2.gate.{id}"),
        format!("hookspool.job.web1.gate.{id}"),
        format!("hookspool.receipt.gate.web2.{id}"),
        "hookspool.here.web2".to_owned(),
        "$JS.ACK.hookspool.web2.1.1.1.1.0".to_owned(),
    ] {
        client.publish(&subject, b"{}");
        let refused = |complaints: Vec<String>| complaints.iter().any(|said| said.contains(&subject));
        until(&subject, || refused(client.complaints()));
    }
    let filter = "hookspool.job.web2.>";
    let consumer = |name: &str| {
        json!({ "stream_name": "hookspool", "config": { "durable_name": name, "name": name,
        "filter_subject": filter, "ack_policy": "explicit" } })
    };
    let body = consumer("web1").to_string();
    for (subject, body) in [
        ("$JS.API.CONSUMER.MSG.NEXT.hookspool.web2", "{\"batch\":1,\"no_wait\":true}".to_owned()),
        ("$JS.API.CONSUMER.DELETE.hookspool.web2", String::new()),
        ("$JS.API.CONSUMER.CREATE.hookspool.web1.hookspool.job.web2.>", body.clone()),
        ("$JS.API.CONSUMER.CREATE.hookspool", consumer("spy").to_string()),
        ("$JS.API.CONSUMER.DURABLE.CREATE.hookspool.spy", consumer("spy").to_string()),
        ("$JS.API.STREAM.MSG.GET.hookspool", "{\"seq\":1}".to_owned()),
        ("$JS.API.DIRECT.GET.hookspool", "{\"seq\":1}".to_owned()),
        ("$JS.API.STREAM.PURGE.hookspool", String::new()),
        ("$JS.API.STREAM.DELETE.hookspool", String::new()),
        ("$JS.API.STREAM.UPDATE.hookspool", "{}".to_owned()),
    ] {
        assert_eq!(client.ask(subject, body.as_bytes()), None, "{subject}");
    }
    // Its own subject, and another's filter in the body.
    let own = "$JS.API.CONSUMER.CREATE.hookspool.web1.hookspool.job.web1.>";
    let answer = client.ask(own, body.as_bytes()).unwrap();
    assert_eq!(answer["error"]["err_code"], 10_131, "{answer}");
}

#[test]
fn a_login_that_the_server_does_not_know_is_named_as_the_trouble() {
    let mut fleet = with_logins();
    let seed = fleet.targets[0].path("stranger.nk");
    fleet.targets[0].said(&["relay", "nkey", "--out", seed.to_str().unwrap()]);
    fleet.configure_target(&fleet.targets[0], "credentials = { file = \"ROOT/stranger.nk\" }");
    fleet.targets[0].start();
    until("it is told", || {
        fleet.targets[0].said(&["status"]).contains("unreachable for 0s: the server does not know this login")
    });
    let doctor = String::from_utf8(fleet.targets[0].run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("cannot be used: the server does not know this login"), "{doctor}");
}
