//! Edge. The other end of a `FastCGI` socket: hookspool in each way in which it can be handed one, and fcgiwrap.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::gateway::script_group;
use super::site::Site;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

/// Where a receiver that is not root can make it.
const SOCKET: &str = "/run/hookspool/hookspool.sock";
/// Where the web servers' files expect it.
const EXPECTED: &str = "/run/hookspool.sock";

/// Whether something listens on `socket`.
pub(super) fn accepts(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

/// `hookspool fastcgi --listen`, as a member of the web server's group, to which it gives its socket.
pub(super) fn listening(site: &Site) -> Daemon {
    listening_by(site, "fastcgi")
}

/// The same by another protocol's verb.
pub(super) fn listening_by(site: &Site, verb: &str) -> Daemon {
    listening_for(site, verb, &Account::web().group)
}

/// The same for a web server in `group`.
pub(super) fn listening_for(site: &Site, verb: &str, group: &str) -> Daemon {
    let socket = site.at(SOCKET);
    let mut command = Account::owner().command(site.program(), &[Account::web()]);
    command.arg(verb).arg("--listen").arg(format!("unix:{}", socket.display()));
    command.args(["--socket-mode", "0660", "--socket-group", group]);
    command.env("HOOKSPOOL_CONFIG", site.config());
    start(site, "hookspool", command, &socket)
}

/// Descriptor 0 is the listening socket, as spawn-fcgi(1) leaves it; supervisor and `mod_fcgid` do the same.
pub(super) fn spawned(site: &Site) -> Daemon {
    let (owner, web) = (Account::owner(), Account::web());
    let users = ["-u", &owner.name, "-g", &owner.group, "-U", &owner.name, "-G", &web.group];
    let mut command = spawn_fcgi(&site.at(SOCKET), &users);
    command.arg("--").arg(site.program()).env("HOOKSPOOL_CONFIG", site.config());
    start(site, "hookspool", command, &site.at(SOCKET))
}

/// fcgiwrap as Debian starts it, four requests at a time, in the group of the spool.
pub(super) fn fcgiwrap(site: &Site) -> Daemon {
    let web = Account::web();
    let users = ["-u", &web.name, "-g", script_group(), "-U", &web.name, "-G", &web.group];
    let socket = site.at("/run/fcgiwrap.socket");
    let mut command = spawn_fcgi(&socket, &users);
    command.args(["--", "/usr/sbin/fcgiwrap", "-f", "-c", "4"]);
    start(site, "fcgiwrap", command, &socket)
}

/// The shipped units, as far as they can be without booting systemd: the socket that `hookspool.socket` describes,
/// handed over by systemd-socket-activate(1) to what `hookspool.service` starts, in its environment, as its user, under
/// `wrapper` if there is one.
pub(super) fn socket_activated(site: &Site, wrapper: &[&str]) -> Daemon {
    let socket_unit = site.shipped("deploy/systemd/hookspool.socket", &[]);
    let service = site.shipped("deploy/systemd/hookspool.service", &[]);
    let socket = setting(&socket_unit, "ListenStream").to_owned();
    let mut command = Account::owner().command("systemd-socket-activate", &[]);
    command.args(["--listen", &socket, "--setenv", setting(&service, "Environment")]);
    command.args(wrapper).args(setting(&service, "ExecStart").split_whitespace());
    let daemon = Daemon::start("hookspool", command, &site.at("/var/log/receiver.out"), &[]);
    let daemon = daemon.ready(|| accepts(Path::new(&socket)));
    let mode = u32::from_str_radix(setting(&socket_unit, "SocketMode"), 8).expect("octal mode");
    std::fs::set_permissions(&socket, Permissions::from_mode(mode)).expect("mode");
    assert_eq!(setting(&socket_unit, "SocketGroup"), "www-data");
    link(Path::new(&socket), Path::new(setting(&socket_unit, "Symlinks")));
    chown(&socket, None, Some(Account::web().ids().1)).expect("group");
    daemon
}

/// The value of a setting that stands once in a unit.
fn setting<'a>(unit: &'a str, name: &str) -> &'a str {
    let values: Vec<&str> = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect();
    assert_eq!(values.len(), 1, "{name}= stands once in {unit}");
    values[0]
}

/// A link at `name`, also before there is anything at its end.
fn link(socket: &Path, name: &Path) {
    let _is_there = symlink(socket, name);
}

fn spawn_fcgi(socket: &Path, users: &[&str]) -> Command {
    let mut command = foreground("spawn-fcgi");
    command.args(["-n", "-M", "0660", "-b", "1024", "-s"]).arg(socket);
    if is_root() {
        command.args(users);
    }
    command
}

fn start(site: &Site, name: &'static str, command: Command, socket: &Path) -> Daemon {
    let log = site.at("/var/log").join(format!("{name}.out"));
    link(&site.at(SOCKET), &site.at(EXPECTED));
    Daemon::start(name, command, &log, &[]).ready(|| accepts(socket))
}
