//! Pure. The web servers, and what their own configuration says of them.

use super::goal::Run;
use super::owner::Owner;
use std::path::{Path, PathBuf};

/// A web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Nginx,
    Apache,
    Lighttpd,
    Caddy,
}

impl Server {
    pub(super) const ALL: [Self; 4] = [Self::Nginx, Self::Apache, Self::Lighttpd, Self::Caddy];

    /// Name of the option that chooses it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Lighttpd => "lighttpd",
            Self::Caddy => "caddy",
        }
    }

    /// Its executables, by name or path.
    pub(super) const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Nginx => &["nginx", "/www/server/nginx/sbin/nginx"],
            Self::Apache => &["apache2", "httpd"],
            Self::Lighttpd => &["lighttpd"],
            Self::Caddy => &["caddy"],
        }
    }

    /// Its main file, where distributions and panels put it.
    pub(super) const fn configs(self) -> &'static [&'static str] {
        match self {
            Self::Nginx => &["/etc/nginx/nginx.conf", "/www/server/nginx/conf/nginx.conf"],
            Self::Apache => &["/etc/apache2/apache2.conf", "/etc/httpd/conf/httpd.conf"],
            Self::Lighttpd => &["/etc/lighttpd/lighttpd.conf"],
            Self::Caddy => &["/etc/caddy/Caddyfile"],
        }
    }

    /// The users as whom it usually runs.
    pub(super) const fn users(self) -> &'static [&'static str] {
        match self {
            Self::Nginx => &["www-data", "nginx", "www", "http"],
            Self::Apache => &["www-data", "apache", "www", "http"],
            Self::Lighttpd => &["www-data", "lighttpd", "www", "http"],
            Self::Caddy => &["caddy", "www-data"],
        }
    }
}

/// A web server that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WebServer {
    pub(super) kind: Server,
    /// Its executable.
    pub(super) program: PathBuf,
    /// Its main file.
    pub(super) config: PathBuf,
    /// File for our part; `None`: the main file includes no directory.
    pub(super) snippet: Option<PathBuf>,
    /// User and group of its workers.
    pub(super) worker: Owner,
    pub(super) is_running: bool,
}

impl WebServer {
    /// The command by which the server itself says whether its configuration is right.
    pub(super) fn check(&self) -> Run {
        let config = self.config.to_string_lossy();
        match self.kind {
            Server::Nginx => self.run(&["-t", "-q", "-c", &config]),
            Server::Apache => Run::new(&["apachectl", "configtest"]),
            Server::Lighttpd => self.run(&["-tt", "-f", &config]),
            Server::Caddy => self.run(&["validate", "--adapter", "caddyfile", "--config", &config]),
        }
    }

    /// The command that makes a new configuration count.
    pub(super) fn reload(&self, is_systemd: bool) -> Run {
        let unit = self.program.file_name().unwrap_or_default().to_string_lossy();
        if is_systemd {
            let verb = if self.kind == Server::Lighttpd { "restart" } else { "reload-or-restart" };
            return Run::new(&["systemctl", verb, &unit]);
        }
        let config = self.config.to_string_lossy();
        match (self.kind, self.is_running) {
            (Server::Nginx, true) => self.run(&["-s", "reload", "-c", &config]),
            (Server::Nginx, false) => self.run(&["-c", &config]),
            (Server::Apache, true) => Run::new(&["apachectl", "graceful"]),
            (Server::Apache, false) => Run::new(&["apachectl", "start"]),
            (Server::Lighttpd, true) => Run::new(&["service", "lighttpd", "restart"]),
            (Server::Lighttpd, false) => self.run(&["-f", &config]),
            (Server::Caddy, true) => self.run(&["reload", "--adapter", "caddyfile", "--config", &config]),
            (Server::Caddy, false) => self.run(&["start", "--adapter", "caddyfile", "--config", &config]),
        }
    }

    /// True on Debian and its kin, whose Apache and lighttpd have links to what is enabled.
    pub(super) fn has_links(&self) -> bool {
        self.snippet.as_ref().is_some_and(|path| path.parent().is_some_and(|dir| dir.ends_with("conf-available")))
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let program = self.program.to_string_lossy();
        Run::new(&[&[&*program], arguments].concat())
    }
}

/// The file for our part of a configuration whose main file is `config`, with this text.
pub(super) fn snippet_file(kind: Server, config: &Path, text: &str) -> Option<PathBuf> {
    let beside = |name: &str| config.parent().map(|dir| dir.join(name));
    match kind {
        Server::Nginx => Some(nginx_directory(config, text)?.join("hookspool.conf")),
        Server::Apache if config.ends_with("httpd.conf") => {
            Some(config.parent()?.with_file_name("conf.d").join("hookspool.conf"))
        }
        Server::Apache => beside("conf-available/hookspool.conf"),
        Server::Lighttpd if text.contains("conf-enabled/*.conf") => beside("conf-available/20-hookspool.conf"),
        Server::Lighttpd => text.contains("conf.d/*.conf").then(|| beside("conf.d/hookspool.conf"))?,
        Server::Caddy => beside("conf.d/hookspool.caddy"),
    }
}

/// The directory of the servers' files, by the `include`s of nginx.conf: those of modules stand before `http`.
fn nginx_directory(config: &Path, text: &str) -> Option<PathBuf> {
    let http = text.lines().map(str::trim).skip_while(|line| !line.starts_with("http"));
    let mut patterns = http.filter_map(|line| line.strip_prefix("include")?.trim().strip_suffix(';'));
    let dir = patterns.find_map(|pattern| pattern.strip_suffix("/*.conf"))?;
    Some(config.parent()?.join(dir))
}

/// User and group of the workers, as far as the main file names them.
pub(super) fn worker_in(kind: Server, text: &str) -> Option<(String, Option<String>)> {
    let lines = || text.lines().map(str::trim);
    let word = |rest: &str| rest.trim_matches(|c: char| c.is_whitespace() || "=\";".contains(c)).to_owned();
    match kind {
        Server::Nginx => {
            let line = lines().find_map(|line| line.strip_prefix("user ")?.split(';').next())?;
            let mut words = line.split_whitespace().map(str::to_owned);
            Some((words.next()?, words.next()))
        }
        Server::Apache => {
            let set = |key: &str| lines().find_map(|line| line.strip_prefix(key)).map(word);
            let names = (set("User "), set("Group "));
            names.0.filter(|name| !name.starts_with('$')).map(|user| (user, names.1))
        }
        Server::Lighttpd => {
            let set = |key: &str| lines().find_map(|line| line.strip_prefix(key)).map(word);
            Some((set("server.username")?, set("server.groupname")))
        }
        Server::Caddy => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nginx_has_its_servers_where_http_includes_them() {
        let directory = |config: &str, text: &str| nginx_directory(Path::new(config), text);
        let debian = "include /etc/nginx/modules-enabled/*.conf;\nhttp {\n  include mime.types;\n  \
            include /etc/nginx/conf.d/*.conf;\n}";
        assert_eq!(directory("/etc/nginx/nginx.conf", debian), Some("/etc/nginx/conf.d".into()));
        let panel = "user  www www;\nhttp\n {\n include mime.types;\n include /www/server/panel/vhost/nginx/*.conf;\n}";
        assert_eq!(directory("/www/server/nginx/conf/nginx.conf", panel), Some("/www/server/panel/vhost/nginx".into()));
        assert_eq!(directory("/etc/nginx/nginx.conf", "http {\n}"), None);
        let user = |text: &str| worker_in(Server::Nginx, text);
        assert_eq!(user(panel), Some(("www".into(), Some("www".into()))));
        assert_eq!(user("# user x;\nuser nginx;"), Some(("nginx".into(), None)));
    }

    #[test]
    fn the_workers_of_apache_and_lighttpd_are_named_in_their_files() {
        assert_eq!(worker_in(Server::Apache, "User ${APACHE_RUN_USER}\nGroup ${APACHE_RUN_GROUP}"), None);
        assert_eq!(worker_in(Server::Apache, "User apache\nGroup web"), Some(("apache".into(), Some("web".into()))));
        let text = "server.username  = \"www-data\"\nserver.groupname = \"www-data\"\n";
        assert_eq!(worker_in(Server::Lighttpd, text), Some(("www-data".into(), Some("www-data".into()))));
    }
}
