//! Edge. Repositories over HTTP, as a forge serves them: git-http-backend(1) behind nginx.

use super::account::is_root;
use super::daemon::{Daemon, foreground};
use super::fastcgi::accepts;
use super::gateway::{answers, free_port};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A web server of the repositories below a directory, at a `port` of 127.0.0.1.
pub(crate) struct GitHttp {
    pub(crate) port: u16,
    _servers: [Daemon; 2],
}

impl GitHttp {
    /// Serves the repositories below `root`; its own files are in `dir`.
    pub(crate) fn start(root: &Path, dir: &Path) -> Self {
        let socket = dir.join("fcgiwrap.sock");
        let mut wrapper = foreground("spawn-fcgi");
        wrapper.arg("-n").arg("-s").arg(&socket).args(["--", "/usr/sbin/fcgiwrap", "-f", "-c", "4"]);
        let wrapper = Daemon::start("fcgiwrap", wrapper, &dir.join("fcgiwrap.log"), &[]).ready(|| accepts(&socket));
        let port = free_port();
        let config = dir.join("nginx.conf");
        fs::write(&config, configuration(root, dir, &socket, port)).unwrap();
        let mut nginx = foreground("nginx");
        nginx.arg("-c").arg(&config).arg("-e").arg(dir.join("nginx-error.log"));
        let nginx = Daemon::start("nginx", nginx, &dir.join("nginx.log"), &[]).ready(|| answers(port));
        Self { port, _servers: [nginx, wrapper] }
    }
}

fn configuration(root: &Path, dir: &Path, socket: &Path, port: u16) -> String {
    let programs = Command::new("git").arg("--exec-path").output().unwrap().stdout;
    let backend = format!("{}/git-http-backend", String::from_utf8(programs).unwrap().trim());
    let (root, dir, socket) = (root.display(), dir.display(), socket.display());
    format!(
        "daemon off; {user} worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/nginx-error.log;\n\
         events {{ worker_connections 256; }}\nhttp {{\n\
         access_log off; client_body_temp_path {dir}/body; fastcgi_temp_path {dir}/fastcgi; proxy_temp_path {dir}/proxy;\n\
         uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; location / {{\n\
         fastcgi_pass unix:{socket}; fastcgi_buffering off;\n\
         fastcgi_param SCRIPT_FILENAME {backend}; fastcgi_param GIT_PROJECT_ROOT {root};\n\
         fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param PATH_INFO $uri; fastcgi_param QUERY_STRING $args;\n\
         fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;\n\
         fastcgi_param CONTENT_LENGTH $content_length;\n}} }} }}\n",
        user = if is_root() { "user root;" } else { "" }
    )
}
