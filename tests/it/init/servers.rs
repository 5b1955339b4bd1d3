//! The other web servers, and hosts that keep no process: a push is deployed through each.

use crate::support::machine::Machine;

fn deploys_through(options: &str) {
    let Some(machine) = Machine::start() else { return };
    machine.serve_repository("first");
    let init = format!(
        "/opt/hookspool init docs --provider github --dir /srv/docs --from git://127.0.0.1/site.git \
         --url http://hooks.example.org {options}"
    );
    let told = machine.good(&init);
    assert_eq!(machine.read("/srv/docs/page"), "first\n", "{told}");
    let before = machine.look();
    let again = machine.good(&init);
    assert_eq!(machine.touched(&before), [""; 0], "{again}");
    assert!(again.contains("Nothing had to be changed."), "{again}");
}

#[test]
fn apache_and_supervisor() {
    deploys_through("--apache --supervisor");
}

#[test]
fn lighttpd_and_supervisor() {
    deploys_through("--lighttpd --supervisor");
}

#[test]
fn caddy_and_supervisor() {
    deploys_through("--caddy --supervisor");
}

#[test]
fn nginx_with_fcgiwrap_and_cron() {
    deploys_through("--nginx --cron");
}

#[test]
fn apache_with_cgi_and_cron() {
    deploys_through("--apache --cron");
}

#[test]
fn lighttpd_with_cgi_and_cron() {
    deploys_through("--lighttpd --cron");
}
