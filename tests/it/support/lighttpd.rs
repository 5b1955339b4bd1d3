//! Edge. lighttpd in the foreground, with a shipped file beside what a distribution's configuration brings.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::gateway::{answers, script_group};
use super::site::Site;

/// `deploy/lighttpd.conf`.
pub(super) fn fastcgi(site: &Site, port: u16) -> Daemon {
    start(site, port, &Account::web().group, "deploy/lighttpd.conf")
}

/// `deploy/lighttpd-cgi.conf`.
pub(super) fn cgi(site: &Site, port: u16) -> Daemon {
    start(site, port, script_group(), "deploy/lighttpd-cgi.conf")
}

/// `deploy/lighttpd-page.conf`, with a password file.
pub(super) fn page(site: &Site, port: u16, passwords: &str) -> Daemon {
    let changes = [("/etc/lighttpd/deploy.htpasswd", passwords)];
    run(site, port, &Account::web().group, &site.shipped("deploy/lighttpd-page.conf", &changes))
}

fn start(site: &Site, port: u16, group: &str, file: &str) -> Daemon {
    run(site, port, group, &site.shipped(file, &[]))
}

fn run(site: &Site, port: u16, group: &str, shipped: &str) -> Daemon {
    site.write("/etc/lighttpd/conf-enabled/20-hookspool.conf", shipped);
    site.directory("/var/log/lighttpd", 0o750, Some(Account::web()));
    let config = site.write("/etc/lighttpd/lighttpd.conf", &frame(site, port, group));
    let mut command = foreground("lighttpd");
    command.args(["-D", "-f"]).arg(config);
    let logs = [site.at("/var/log/lighttpd/error.log"), site.at("/var/log/lighttpd/scripts.log")];
    Daemon::start("lighttpd", command, &site.at("/var/log/lighttpd.out"), &logs).ready(|| answers(port))
}

fn frame(site: &Site, port: u16, group: &str) -> String {
    let root = site.root();
    let user = &Account::web().name;
    let user = if is_root() {
        format!("server.username = \"{user}\"\nserver.groupname = \"{group}\"\n")
    } else {
        String::new()
    };
    format!(
        "server.modules = ( \"mod_accesslog\" )\nserver.document-root = \"{root}/var/www/html\"\n\
         server.bind = \"127.0.0.1\"\nserver.port = {port}\n{user}\
         server.upload-dirs = ( \"{root}/var/tmp\" )\nserver.errorlog = \"{root}/var/log/lighttpd/error.log\"\n\
         server.breakagelog = \"{root}/var/log/lighttpd/scripts.log\"\n\
         accesslog.filename = \"{root}/var/log/lighttpd/access.log\"\n\
         include \"{root}/etc/lighttpd/conf-enabled/20-hookspool.conf\"\n"
    )
}
