//! `deploy/nats/nats.conf`, loaded by the real server, with TLS and logins; and hosts that reach it so.

use crate::support::fleet::Fleet;
use crate::support::site::read_shipped;
use crate::support::until;
use std::fs;
use std::path::Path;
use std::process::Command;

fn openssl(directory: &Path, arguments: &str) {
    let arguments = arguments.split_whitespace();
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// An authority of the test's own, and a server's certificate of it.
fn certificates(directory: &Path) {
    fs::write(directory.join("san"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(directory, &format!("req -x509 {ec} -keyout ca.key -out ca.pem -days 2 -subj /CN=ca"));
    openssl(directory, &format!("req {ec} -keyout server.key -out server.csr -subj /CN=nats1"));
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out server.crt",
    );
}

#[test]
fn the_shipped_configuration_serves_hosts_with_tls_and_logins() {
    let mut fleet = Fleet::new(&["web1"]);
    let root = fleet.nats.path("");
    certificates(&root);
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
