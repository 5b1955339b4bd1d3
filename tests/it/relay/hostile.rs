//! Messages that no origin meant: nothing is written, and the sender is not believed.

use crate::support::fleet::{Fleet, Host};
use crate::support::nats::NatsClient;
use crate::support::until;
use hookspool::model::{EventKind, JobId, JobMeta, RefName};
use jiff::{Timestamp, ToSpan};

/// A genuine message of `gate` for `web1`, as it lies in the stream.
fn captured(fleet: &mut Fleet, delivery: &str) -> (JobId, String, Vec<u8>) {
    fleet.gate.start();
    let id = fleet.gate.push("main", delivery);
    let client = fleet.nats.client();
    let found = |number| client.stored(number).filter(|(subject, _)| subject.ends_with(&id.to_string()));
    until("it is stored", || (1..9).any(|number| found(number).is_some()));
    let (subject, body) = (1..9).find_map(found).unwrap();
    (id, subject, body)
}

fn reasons(fleet: &Fleet, target: usize) -> String {
    fleet.targets[target].log()
}

fn says(fleet: &Fleet, target: usize, reason: &str) {
    until(reason, || reasons(fleet, target).contains(reason));
}

fn has_nothing(fleet: &Fleet, target: usize, id: JobId) {
    let places = ["tmp", "queued", "running", "waiting", "held", "done", "failed", "corrupt"];
    for place in places {
        let names = fleet.targets[target].names(place);
        assert!(!names.contains(&format!("{id}.job")), "{place}: {names:?}");
    }
}

/// The job of `subject` with another id.
fn renamed(subject: &str, id: JobId, other: JobId) -> String {
    subject.replace(&id.to_string(), &other.to_string())
}

#[test]
fn forged_and_altered_messages_leave_nothing_and_the_true_job_runs_once() {
    let mut fleet = Fleet::new(&["web1"]);
    let (id, subject, body) = captured(&mut fleet, "0001");
    let client: NatsClient = fleet.nats.client();
    let other = JobId::new(id.sequence() + 1, 7).unwrap();
    let mut altered = body.clone();
    let at = altered.windows(4).position(|part| part == b"docs").unwrap();
    altered[at] ^= 1;
    client.publish(&renamed(&subject, id, other), &altered);
    client.publish(&renamed(&subject, id, other), &body);
    client.publish(&renamed(&subject, id, other), b"hookspool-job 1 whole");
    client.publish(&renamed(&subject, id, other), b"");
    client.publish(&subject.replace("gate", "stranger"), &body);
    client.publish(&subject.replace("gate", "Stranger"), &body);
    fleet.targets[0].start();
    for reason in [
        "its signature is not that of `gate` for `web1`",
        &format!("it says that it is job {id}"),
        "it is no job of hookspool, or of another version",
        "`stranger` is not in `trust` here",
        "strange-message",
    ] {
        says(&fleet, 0, reason);
    }
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
    has_nothing(&fleet, 0, other);
    // The stranger never fetches its receipt.
    until("the stream is empty", || client.count() == 1);
}

#[test]
fn a_job_for_one_host_is_refused_by_another() {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    fleet.configure_gate("", &["web1"]);
    let (id, subject, body) = captured(&mut fleet, "0001");
    fleet.nats.client().publish(&subject.replace("web1", "web2"), &body);
    fleet.targets[1].start();
    says(&fleet, 1, "its signature is not that of `gate` for `web2`");
    has_nothing(&fleet, 1, id);
    // Its refusal is about a job that was never meant for it: it changes nothing.
    assert_eq!(fleet.gate.marked("web1"), [id.to_string()]);
    fleet.targets[0].start();
    until("web1 has run it", || fleet.targets[0].marks() == ["0001"]);
}

#[test]
fn a_message_that_is_repeated_runs_once_even_after_its_job_is_gone() {
    let mut fleet = Fleet::new(&["web1"]);
    let (id, subject, body) = captured(&mut fleet, "0001");
    fleet.targets[0].start();
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
    let client = fleet.nats.client();
    client.publish(&subject, &body);
    until("the repeat is taken away", || client.count() == 0);
    let path = fleet.targets[0].spool().join("done").join(format!("{id}.job"));
    std::fs::remove_file(path).unwrap();
    client.publish(&subject, &body);
    fleet.gate.push("main", "0002");
    fleet.all_have_run(&["0001".to_owned(), "0002".to_owned()]);
    until("the repeat is taken away", || client.count() == 0);
    has_nothing(&fleet, 0, id);
}

#[test]
fn a_job_that_is_older_than_keep_is_refused() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.configure_gate("keep = \"30d\"", &["web1"]);
    fleet.configure_target(&fleet.targets[0], "keep = \"1m\"");
    let arrived_at = Timestamp::now() - (3 * 24).hours();
    let meta = JobMeta {
        reference: RefName::branch_named("main"),
        ..JobMeta::new("docs", "github", EventKind::Push, arrived_at)
    };
    let id = fleet.gate.queue(&meta, b"{}");
    fleet.start();
    says(&fleet, 0, "it arrived longer ago than `keep`, 1 min");
    has_nothing(&fleet, 0, id);
    until("the origin has heard", || fleet.gate.said(&["show", &id.to_string()]).contains("web1: refused: it arrived"));
    assert_eq!(fleet.gate.marked("web1"), [id.to_string()], "it may be asked again");
}

#[test]
fn a_payload_beyond_the_limit_of_the_target_is_refused() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.limit_body(0, "2KiB");
    let id = {
        fleet.start();
        fleet.gate.push_with("main", "0001", &[b'x'; 4096])
    };
    says(&fleet, 0, "its payload is larger than `body_limit`, 2048 bytes");
    has_nothing(&fleet, 0, id);
}

#[test]
fn a_hook_that_does_not_name_the_origin_refuses_and_a_resend_repairs_it() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.untrust_hook(0);
    fleet.start();
    let id = fleet.gate.push("main", "0001");
    says(&fleet, 0, "hook `docs` takes no jobs from `gate`");
    has_nothing(&fleet, 0, id);
    fleet.targets[0].stop();
    fleet.configure_target(&fleet.targets[0], "");
    fleet.targets[0].start();
    until("the refusal is shown", || fleet.gate.said(&["show", &id.to_string()]).contains("refused"));
    let said = fleet.gate.said(&["relay", "resend", "docs", "web1"]);
    assert_eq!(said, format!("1 job for web1: {}\n", id.short()));
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
}

#[test]
fn a_job_of_a_hook_that_the_target_does_not_know_is_held_there() {
    let mut fleet = Fleet::new(&["web1"]);
    let meta = JobMeta {
        reference: RefName::branch_named("main"),
        ..JobMeta::new("docs", "github", EventKind::Push, Timestamp::now())
    };
    let text = std::fs::read_to_string(fleet.targets[0].path("hookspool.toml")).unwrap();
    std::fs::write(fleet.targets[0].path("hookspool.toml"), text.replace("\"docs\"", "\"other\"")).unwrap();
    fleet.start();
    let id = fleet.gate.queue(&meta, b"{}");
    until("it is held", || fleet.targets[0].jobs("held") == [id.to_string()]);
    fleet.all_is_taken();
}

#[test]
fn two_hosts_of_one_name_take_nothing_until_one_is_gone() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.targets.push(Host::new("web1"));
    fleet.configure_target(&fleet.targets[1], "");
    fleet.start();
    for target in 0..2 {
        says(&fleet, target, "two-of-one-name");
    }
    fleet.gate.push("main", "0001");
    let client = fleet.nats.client();
    until("it is stored", || client.count() == 1);
    for target in &fleet.targets {
        let status = target.run(&["status"]);
        let text = String::from_utf8(status.stdout).unwrap();
        assert!(text.contains("relay    web1, another host has this name: neither takes jobs"), "{text}");
        assert_eq!((status.status.code(), target.jobs("done")), (Some(1), vec![]));
        let doctor = String::from_utf8(target.run(&["doctor", "--offline"]).stdout).unwrap();
        assert!(doctor.contains("two hosts are called `web1`"), "{doctor}");
    }
    fleet.targets[1].stop();
    until("the other takes it", || fleet.targets[0].marks() == ["0001"]);
    assert_eq!(fleet.targets[1].marks(), [""; 0]);
}
