//! Edge. `hookspool serve`, alone and behind a proxy.

use super::account::Account;
use super::daemon::Daemon;
use super::fastcgi::listening_by;
use super::gateway::answers;
use super::site::Site;

/// Receiver and runner in one process, on a port.
pub(super) fn alone(site: &Site, port: u16) -> Daemon {
    let mut command = Account::owner().command(site.program(), &[]);
    command.args(["serve", "--runner", "--listen", &format!("127.0.0.1:{port}")]);
    command.env("HOOKSPOOL_CONFIG", site.config()).current_dir("/");
    Daemon::start("hookspool", command, &site.at("/var/log/serve.out"), &[]).ready(|| answers(port))
}

/// The receiver on the socket to which the proxy connects.
pub(super) fn behind(site: &Site) -> Daemon {
    listening_by(site, "serve")
}
