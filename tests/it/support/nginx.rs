//! Edge. nginx in the foreground, with a shipped file, or a site of a test's own, in its http section.

use super::account::{Account, is_root};
use super::daemon::{Daemon, foreground};
use super::gateway::answers;
use super::site::Site;
use std::path::Path;

/// `nginx.conf.example`.
pub(super) fn fastcgi(site: &Site, port: u16) -> Daemon {
    start(site, port, "nginx.conf.example")
}

/// `deploy/nginx-cgi.conf`.
pub(super) fn cgi(site: &Site, port: u16) -> Daemon {
    start(site, port, "deploy/nginx-cgi.conf")
}

/// `deploy/nginx-serve.conf`.
pub(super) fn serve(site: &Site, port: u16) -> Daemon {
    start(site, port, "deploy/nginx-serve.conf")
}

/// `deploy/nginx-page.conf`, with a password file.
pub(super) fn page(site: &Site, port: u16, passwords: &str) -> Daemon {
    changed(site, port, "deploy/nginx-page.conf", &[("/etc/nginx/deploy.htpasswd", passwords)])
}

fn start(site: &Site, port: u16, file: &str) -> Daemon {
    changed(site, port, file, &[])
}

/// A shipped file with `changes`, each of which must apply.
pub(super) fn changed(site: &Site, port: u16, file: &str, changes: &[(&str, &str)]) -> Daemon {
    let listen = format!("listen 127.0.0.1:{port};");
    run(site, port, &site.shipped(file, &[&[("listen 80;", listen.as_str())], changes].concat()))
}

/// A shipped file of a site's own with `changes`.
pub(crate) fn shipped(site: &Site, port: u16, file: &str, changes: &[(&str, &str)]) -> Daemon {
    changed(site, port, file, changes)
}

/// A site that serves the directory `root` of this machine, with a `location` of its own.
pub(crate) fn site_with(site: &Site, port: u16, root: &Path, location: &str) -> Daemon {
    let root = root.display();
    run(site, port, &format!("server {{\nlisten 127.0.0.1:{port};\nroot {root};\n{location}\n}}\n"))
}

fn run(site: &Site, port: u16, server: &str) -> Daemon {
    site.write("/etc/nginx/conf.d/hookspool.conf", server);
    let config = site.write("/etc/nginx/nginx.conf", &frame(site));
    let log = site.at("/var/log/nginx-error.log");
    let mut command = foreground("nginx");
    command.args(["-c"]).arg(config).arg("-e").arg(&log);
    Daemon::start("nginx", command, &site.at("/var/log/nginx.out"), &[log]).ready(|| answers(port))
}

/// What a distribution's `nginx.conf` brings.
fn frame(site: &Site) -> String {
    let web = Account::web();
    let user = if is_root() { format!("user {} {};", web.name, web.group) } else { String::new() };
    let root = site.root();
    format!(
        "daemon off;\n{user}\nworker_processes 1;\npid {root}/run/nginx.pid;\n\
         error_log {root}/var/log/nginx-error.log info;\nevents {{ worker_connections 768; }}\nhttp {{\n\
         access_log {root}/var/log/nginx-access.log;\nclient_body_temp_path {root}/var/tmp/nginx-body;\n\
         fastcgi_temp_path {root}/var/tmp/nginx-fastcgi;\nproxy_temp_path {root}/var/tmp/nginx-proxy;\n\
         uwsgi_temp_path {root}/var/tmp/nginx-uwsgi;\nscgi_temp_path {root}/var/tmp/nginx-scgi;\n\
         include {root}/etc/nginx/conf.d/*.conf;\n}}\n"
    )
}
