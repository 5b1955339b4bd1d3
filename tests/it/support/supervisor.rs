//! Edge. supervisord in the foreground, with the shipped programs.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::document::block;
use super::fastcgi::accepts;
use super::gateway::answers;
use super::site::Site;
use std::process::Output;

pub(crate) const CONFIG: &str = "/etc/supervisor/supervisord.conf";

/// `deploy/supervisor.conf`: two receivers on one socket, and the runner.
pub(super) fn start(site: &Site) -> Daemon {
    let (owner, web) = (Account::owner(), Account::web());
    let socket = format!("socket_owner={}:{}", owner.name, web.group);
    let user = format!("user={}", owner.name);
    let changes = [("socket_owner=hookspool:www-data", socket.as_str()), ("user=hookspool", &user)];
    let shipped = site.shipped("deploy/supervisor.conf", &changes);
    let socket = site.at("/run/hookspool.sock");
    supervise(site, &shipped).ready(|| running(site) && accepts(&socket))
}

/// `deploy/supervisor-serve.conf`: one process, on a port.
pub(super) fn serve(site: &Site, port: u16) -> Daemon {
    let user = format!("user={}", Account::owner().name);
    let address = format!("127.0.0.1:{port}");
    let changes = [("user=hookspool", user.as_str()), ("127.0.0.1:9000", &address)];
    supervise(site, &site.shipped("deploy/supervisor-serve.conf", &changes)).ready(|| answers(port))
}

fn supervise(site: &Site, programs: &str) -> Daemon {
    site.write("/etc/supervisor/conf.d/hookspool.conf", programs);
    let mut command = foreground("supervisord");
    command.args(["--nodaemon", "-c"]).arg(site.write(CONFIG, &frame(site)));
    let logs = ["receiver.log", "runner.log", "hookspool.log"].map(|log| site.at("/var/log/hookspool").join(log));
    Daemon::start("supervisord", command, &site.at("/var/log/supervisord.out"), &logs)
}

/// Two receivers and the runner: supervisord tries the socket once before it starts them.
fn running(site: &Site) -> bool {
    site.processes().len() == 3
}

/// supervisorctl(1).
pub(crate) fn control(site: &Site, arguments: &[&str]) -> Output {
    foreground("supervisorctl").arg("-c").arg(site.at(CONFIG)).args(arguments).output().expect("supervisorctl")
}

/// The socket for orders as `deploy/RECIPES.md` opens it to the steps of jobs.
fn socket(site: &Site) -> String {
    let shown = block("deploy/RECIPES.md", "ini", "[unix_http_server]");
    let (theirs, file) = ("/var/run/supervisor.sock", site.at("/run/supervisor.sock"));
    assert!(shown.contains(theirs) && shown.contains("root:hookspool"), "{shown}");
    let owner = if is_root() { "root".to_owned() } else { Account::myself().name };
    let shown = shown.replace("root:hookspool", &format!("{owner}:{}", Account::owner().group));
    shown.replace(theirs, file.to_str().expect("UTF-8 path"))
}

fn frame(site: &Site) -> String {
    let root = site.root();
    let user = if is_root() { "user=root\n" } else { "" };
    let socket = socket(site);
    format!(
        "[supervisord]\n{user}logfile={root}/var/log/supervisord.log\npidfile={root}/run/supervisord.pid\n\
         childlogdir={root}/var/log\n{socket}[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{root}/run/supervisor.sock\n[include]\n\
         files = {root}/etc/supervisor/conf.d/*.conf\n"
    )
}
