//! Edge. Caddy in the foreground, with the shipped site imported as a distribution's Caddyfile would.

use super::account::Account;
use super::daemon::Daemon;
use super::gateway::answers;
use super::site::Site;

/// `deploy/Caddyfile`.
pub(super) fn fastcgi(site: &Site, port: u16) -> Daemon {
    let address = format!("http://:{port}");
    let shipped = site.shipped("deploy/Caddyfile", &[("http://hooks.example.org", address.as_str())]);
    run(site, port, &shipped)
}

/// `deploy/Caddyfile-page`, with a password file.
pub(super) fn page(site: &Site, port: u16, passwords: &str) -> Daemon {
    let address = format!("http://:{port}");
    let changes = [("http://example.org", address.as_str()), ("/etc/caddy/deploy.users", passwords)];
    run(site, port, &site.shipped("deploy/Caddyfile-page", &changes))
}

fn run(site: &Site, port: u16, shipped: &str) -> Daemon {
    site.write("/etc/caddy/conf.d/hookspool.caddy", shipped);
    // No certificates, no port for orders, and nobody but this host.
    let frame = "{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\nimport conf.d/*.caddy\n";
    let config = site.write("/etc/caddy/Caddyfile", frame);
    let mut command = Account::web().command("caddy", &[]);
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(config).current_dir("/");
    command.env("HOME", site.at("/var/tmp")).env("XDG_CONFIG_HOME", site.at("/var/tmp"));
    Daemon::start("caddy", command, &site.at("/var/log/caddy.out"), &[]).ready(|| answers(port))
}
