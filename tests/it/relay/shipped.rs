//! `deploy/nats/nats.conf`, loaded by the real server, with TLS and logins; and hosts that reach it so.

use crate::support::fleet::Fleet;
use crate::support::nats::certificates;
use crate::support::site::read_shipped;
use crate::support::until;
use std::fs;

#[test]
fn the_block_that_makes_three_servers_one_is_taken_by_the_real_server() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "127.0.0.1");
    let fleet = read_shipped("deploy/FLEET.md");
    let block = fleet.split("```text\n").find(|part| part.starts_with("cluster {")).unwrap();
    let block = block.split("```").next().unwrap().replace("/etc/nats/", &format!("{}/", dir.path().display()));
    let listen = "server_name: nats2\nlisten: \"127.0.0.1:1\"\njetstream { store_dir: \"/nonexistent\" }\n";
    let file = dir.path().join("nats.conf");
    fs::write(&file, format!("{listen}{block}")).unwrap();
    let output = std::process::Command::new("nats-server").arg("-t").arg("-c").arg(&file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::write(&file, format!("{listen}{}", block.replace("routes", "ruotes"))).unwrap();
    let output = std::process::Command::new("nats-server").arg("-t").arg("-c").arg(&file).output().unwrap();
    assert!(!output.status.success(), "it says what it does not know");
}

#[test]
fn the_shipped_configuration_serves_hosts_with_tls_and_logins() {
    let mut fleet = Fleet::new(&["web1"]);
    let root = fleet.nats.path("");
    certificates(&root, "127.0.0.1");
    let admin = fleet.gate.path("admin.nk");
    let admin = admin.to_str().unwrap();
    fleet.gate.said(&["relay", "nkey", "--out", admin]);
    let public: Vec<String> = [&fleet.gate, &fleet.targets[0]]
        .map(|host| host.said(&["relay", "nkey", "--out", host.path("relay.nk").to_str().unwrap()]).trim().to_owned())
        .to_vec();
    let (gate, web1) = (format!("gate={}", public[0]), format!("web1={}", public[1]));
    let printed = fleet.gate.said(&["relay", "setup", "--print", "--credentials", admin, &gate, &web1]);
    fs::create_dir(root.join("nats")).unwrap();
    fs::write(root.join("nats/hosts.conf"), printed).unwrap();
    let shipped = read_shipped("deploy/nats/nats.conf");
    fleet.nats.kill();
    fleet.nats.forget_everything();
    fleet.nats.ship(
        &shipped,
        &[("/etc/nats/", "ROOT/"), ("/var/lib/nats", "ROOT/store"), ("0.0.0.0:4222", "127.0.0.1:PORT")],
    );
    fleet.nats.resume();
    let ca = root.join("ca.pem");
    let relay = format!("credentials = {{ file = \"ROOT/relay.nk\" }}\nca = \"{}\"", ca.display());
    fleet.configure_gate(&relay, &["web1"]);
    fleet.configure_target(&fleet.targets[0], &relay);
    fleet.gate.said(&["relay", "setup", "--credentials", admin]);
    fleet.start();
    fleet.gate.push("main", "0001");
    fleet.all_have_run(&["0001".to_owned()]);
    fleet.all_is_taken();
    // A server whose certificate nobody vouches for gets nothing.
    fleet.gate.stop();
    fleet.configure_gate("credentials = { file = \"ROOT/relay.nk\" }", &["web1"]);
    fleet.gate.start();
    fleet.gate.push("main", "0002");
    until("it is told", || fleet.gate.said(&["status"]).contains("unreachable"));
    let status = fleet.gate.said(&["status"]);
    assert!(status.to_lowercase().contains("certificate") && status.contains("1 for web1"), "{status}");
}
