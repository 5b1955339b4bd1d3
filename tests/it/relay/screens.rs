//! What people see of it, runners that cron starts, and payloads that no server takes.

use crate::support::fleet::Fleet;
use crate::support::until;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn list_and_show_tell_which_host_has_a_job() {
    let mut fleet = Fleet::new(&["web1", "web2"]);
    fleet.gate.start();
    fleet.targets[0].start();
    let id = fleet.gate.push("main", "0001").to_string();
    until("web1 has taken it", || fleet.gate.marked("web1").is_empty() && !fleet.targets[0].marks().is_empty());
    until("web2 is sent it", || fleet.gate.said(&["show", &id]).contains("web2: sent"));
    let list = fleet.gate.said(&["list"]);
    let row: Vec<&str> = list.lines().nth(1).unwrap().split_whitespace().take(4).collect();
    assert_eq!(list.lines().next().unwrap().split_whitespace().nth(3), Some("HOSTS"), "{list}");
    assert_eq!(row[1..], ["done", "relayed", "1/2"], "{list}");
    let show = fleet.gate.said(&["show", &id]);
    assert!(show.contains("host        web1: taken (") && show.contains("host        web2: sent\n"), "{show}");
    let status = fleet.gate.said(&["status"]);
    assert!(status.contains("relay    gate, connected to nats1 for ") && status.contains("1 for web2"), "{status}");
    let metrics = fleet.gate.said(&["metrics"]);
    for sample in [
        "up 1",
        "twin 0",
        "clock_ahead_seconds 0",
        "refused{host=\"web1\"} 0",
        &format!("oldest_pending_timestamp_seconds{{host=\"web2\"}} {}", &id[..10]),
    ] {
        assert!(metrics.contains(&format!("hookspool_relay_{sample}\n")), "{sample}: {metrics}");
    }
    assert!(metrics.contains("hookspool_relay_pending{host=\"web1\"} 0\n"), "{metrics}");
    assert!(metrics.contains("hookspool_relay_pending{host=\"web2\"} 1\n"), "{metrics}");
    let ended = "hookspool_jobs_ended_total{hook=\"docs\",outcome=\"relayed\"} 1\n";
    until("the end is counted", || fleet.gate.said(&["metrics"]).contains(ended));
    let there = fleet.targets[0].said(&["show", &id]);
    assert!(there.contains("from host   gate\n"), "{there}");
    assert!(!fleet.targets[0].said(&["list"]).contains("HOSTS"));
}

#[test]
fn runners_that_cron_starts_take_part() {
    let mut fleet = Fleet::new(&["web1"]);
    let id = fleet.gate.push("main", "0001").to_string();
    let once = |host: &crate::support::fleet::Host| {
        let output = host.run(&["spool-runner", "--once"]);
        assert!(output.status.success(), "{output:?}");
    };
    once(&fleet.gate);
    assert_eq!(fleet.gate.marked("web1"), std::slice::from_ref(&id));
    once(&fleet.targets[0]);
    assert_eq!(fleet.targets[0].marks(), ["0001"]);
    once(&fleet.gate);
    assert_eq!(fleet.gate.marked("web1"), [""; 0]);
    fleet.nats.kill();
    // A server that is away keeps nobody from his own jobs.
    fleet.gate.push("main", "0002");
    once(&fleet.gate);
    assert_eq!(fleet.gate.jobs("done").len(), 2);
    assert_eq!(fleet.gate.marked("web1").len(), 1);
}

#[test]
fn a_payload_that_no_server_takes_stays_or_waits_as_the_origin_says() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.nats.kill();
    fleet.nats.set("max_payload: 64KB");
    fleet.nats.resume();
    fleet.start();
    let large = fleet.gate.push_with("main", "0001", &vec![b'x'; 100_000]).to_string();
    fleet.all_have_run(&["0001".to_owned()]);
    let show = fleet.targets[0].said(&["show", &large]);
    assert!(show.contains("note        its payload of 100000 bytes stayed on gate"), "{show}");
    fleet.gate.stop();
    fleet.configure_gate("payload = \"always\"", &["web1"]);
    fleet.gate.start();
    let waiting = fleet.gate.push_with("main", "0002", &vec![b'x'; 100_000]).to_string();
    fleet.gate.push("main", "0003");
    fleet.all_have_run(&["0001".to_owned(), "0003".to_owned()]);
    until("only the large one waits", || fleet.gate.marked("web1") == [waiting.clone()]);
    fleet.gate.stop();
    fleet.configure_gate("payload = \"never\"", &["web1"]);
    fleet.gate.start();
    fleet.gate.push("main", "0004");
    fleet.all_have_run(&["0001", "0002", "0003", "0004"].map(str::to_owned));
    let all = fleet.targets[0].said(&["list", "--json"]);
    assert_eq!(all.matches("\"outcome\":\"succeeded\"").count(), 4, "{all}");
}

#[test]
fn megabytes_of_payloads_pass_in_little_memory() {
    let mut fleet = Fleet::new(&["web1"]);
    fleet.start();
    for number in 0..24 {
        fleet.gate.push_with("main", &format!("{number:04}"), &vec![b'x'; 900_000]);
    }
    let pushes: Vec<String> = (0..24).map(|number| format!("{number:04}")).collect();
    fleet.all_have_run(&pushes);
    fleet.all_is_taken();
    let peaks = [fleet.gate.peak_kib(), fleet.targets[0].peak_kib()];
    assert!(peaks.iter().all(|peak| *peak < 64 * 1024), "{peaks:?} KiB");
}

#[test]
fn a_key_is_for_its_owner_alone_and_never_written_over() {
    let fleet = Fleet::new(&[]);
    let file = fleet.gate.path("relay.key");
    let before = fs::read(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
    let again = fleet.gate.run(&["relay", "key", "--out", file.to_str().unwrap()]);
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(again.status.code() == Some(73) && said.contains("must not be lost"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert!(fleet.key.starts_with("ed25519:") && fleet.key.len() == 52, "{}", fleet.key);
}

#[test]
fn a_setup_of_a_stream_that_would_lose_jobs_says_so_and_changes_nothing() {
    let fleet = Fleet::new(&[]);
    let client = fleet.nats.client();
    client.ask("$JS.API.STREAM.DELETE.hookspool", b"").unwrap();
    let config = br#"{"name":"hookspool","subjects":["hookspool.job.>"],"retention":"limits","storage":"memory"}"#;
    client.ask("$JS.API.STREAM.CREATE.hookspool", config).unwrap();
    let setup = fleet.gate.run(&["relay", "setup"]);
    let said = String::from_utf8(setup.stdout).unwrap();
    assert_eq!(setup.status.code(), Some(1));
    for word in
        ["`retention` is \"limits\"", "`storage` is \"memory\"", "`subjects` is", "`discard` is", "`max_age` is"]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    let kept = client.ask("$JS.API.STREAM.INFO.hookspool", b"").unwrap();
    assert_eq!(kept["config"]["retention"], "limits");
}
