//! Edge. uWSGI in the foreground, with the shipped application.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::gateway::{answers, script_group};
use super::site::Site;

/// `deploy/uwsgi.ini`.
pub(super) fn cgi(site: &Site, port: u16) -> Daemon {
    let address = format!("127.0.0.1:{port}");
    let user = if is_root() { format!("uid = {}\n", Account::web().name) } else { String::new() };
    let group = if is_root() { format!("gid = {}\n", script_group()) } else { String::new() };
    let changes = [("127.0.0.1:9000", address.as_str()), ("uid = www-data\n", &user), ("gid = hookspool\n", &group)];
    start(site, port, &site.shipped("deploy/uwsgi.ini", &changes))
}

/// An instance with this configuration, which listens on `port`.
pub(crate) fn start(site: &Site, port: u16, config: &str) -> Daemon {
    let mut command = foreground("uwsgi");
    command.arg("--ini").arg(site.write("/etc/uwsgi/instance.ini", config)).arg("--die-on-term");
    Daemon::start("uwsgi", command, &site.at("/var/log/uwsgi.out"), &[]).ready(|| answers(port))
}
