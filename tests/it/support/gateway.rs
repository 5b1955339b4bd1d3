//! Edge. The ways from a web server to the executable, each started from the files that operators get.

use super::daemon::Daemon;
use super::site::Site;
use super::{Account, apache, caddy, fastcgi, lighttpd, nginx, supervisor, uwsgi};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};

/// A way from a web server to the executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gateway {
    /// `nginx.conf.example`, and `hookspool fastcgi --listen`.
    NginxFastcgi,
    /// `deploy/nginx-cgi.conf`, and fcgiwrap under spawn-fcgi.
    NginxFcgiwrap,
    /// `deploy/apache-cgi.conf`: `mod_cgid`.
    ApacheCgi,
    /// `deploy/apache-fastcgi.conf`: `mod_proxy_fcgi`, and hookspool on descriptor 0 under spawn-fcgi.
    ApacheFastcgi,
    /// `deploy/apache-fcgid.conf`: `mod_fcgid`, which starts hookspool on descriptor 0.
    ApacheFcgid,
    /// `deploy/htaccess` and `deploy/hookspool.cgi`.
    SharedHosting,
    /// `deploy/lighttpd.conf`, and hookspool on descriptor 0 under spawn-fcgi.
    LighttpdFastcgi,
    /// `deploy/lighttpd-cgi.conf`.
    LighttpdCgi,
    /// `deploy/supervisor.conf` with receivers and runner, behind nginx.
    Supervisor,
    /// `deploy/Caddyfile`, and hookspool on descriptor 0 under spawn-fcgi.
    Caddy,
    /// `deploy/uwsgi.ini`: the plugin for CGI.
    Uwsgi,
    /// `deploy/supervisor-serve.conf`: `hookspool serve --runner`, and no web server.
    Serve,
    /// `deploy/nginx-serve.conf`, and `hookspool serve` on a Unix socket.
    NginxServe,
    /// `deploy/systemd/hookspool.{socket,service}` as systemd-socket-activate(1) starts them, behind nginx.
    Systemd,
}

impl Gateway {
    /// Whether each request is a process of its own.
    pub(crate) fn is_cgi(self) -> bool {
        matches!(self, Self::NginxFcgiwrap | Self::ApacheCgi | Self::SharedHosting | Self::LighttpdCgi | Self::Uwsgi)
    }

    /// Whether a runner drains the spool all the time.
    pub(crate) fn has_runner(self) -> bool {
        matches!(self, Self::Supervisor | Self::Serve)
    }

    /// A root that fits. Every receiver is in its sandbox, but one that runs jobs, too.
    pub(crate) fn site(self) -> Site {
        let site = if self == Self::SharedHosting { Site::on_shared_host() } else { Site::new() };
        if self == Self::Serve {
            site.configure(&include_str!("hooks.toml").replace("sandbox = \"require\"\n", ""));
        }
        site
    }

    /// Starts everything between a socket and the executable.
    pub(crate) fn start(self, site: &Site) -> Server {
        let port = free_port();
        let web = match self {
            Self::NginxFcgiwrap => nginx::cgi(site, port),
            Self::NginxFastcgi | Self::Supervisor | Self::Systemd => nginx::fastcgi(site, port),
            Self::ApacheCgi => apache::cgi(site, port),
            Self::ApacheFastcgi => apache::fastcgi(site, port),
            Self::ApacheFcgid => apache::fcgid(site, port),
            Self::SharedHosting => apache::shared_hosting(site, port),
            Self::LighttpdFastcgi => lighttpd::fastcgi(site, port),
            Self::LighttpdCgi => lighttpd::cgi(site, port),
            Self::Caddy => caddy::fastcgi(site, port),
            Self::Uwsgi => uwsgi::cgi(site, port),
            Self::Serve => supervisor::serve(site, port),
            Self::NginxServe => nginx::serve(site, port),
        };
        let base = if self == Self::SharedHosting { "/deploy/hookspool.cgi" } else { "/hooks" };
        Server { address: loopback(port), base, _web: web, receiver: self.start_receiver(site) }
    }

    /// Starts what the web server passes requests on to, where that is a process of its own.
    pub(crate) fn start_receiver(self, site: &Site) -> Option<Daemon> {
        match self {
            Self::NginxFastcgi => Some(fastcgi::listening(site)),
            Self::NginxFcgiwrap => Some(fastcgi::fcgiwrap(site)),
            Self::ApacheFastcgi | Self::LighttpdFastcgi | Self::Caddy => Some(fastcgi::spawned(site)),
            Self::Supervisor => Some(supervisor::start(site)),
            Self::Systemd => Some(fastcgi::socket_activated(site, &[])),
            Self::NginxServe => Some(fastcgi::listening_by(site, "serve")),
            Self::ApacheCgi
            | Self::ApacheFcgid
            | Self::SharedHosting
            | Self::LighttpdCgi
            | Self::Uwsgi
            | Self::Serve => None,
        }
    }

    /// nginx, from `nginx.conf.example` with `changes`, and behind it a receiver whose socket is for `group`, or none.
    pub(crate) fn nginx_changed(site: &Site, changes: &[(&str, &str)], group: Option<&str>) -> Server {
        let port = free_port();
        let web = nginx::changed(site, port, "nginx.conf.example", changes);
        let receiver = group.map(|group| fastcgi::listening_for(site, "fastcgi", group));
        Server { address: loopback(port), base: "/hooks", _web: web, receiver }
    }

    /// Apache, from `deploy/apache-cgi.conf` with `changes`.
    pub(crate) fn apache_changed(site: &Site, changes: &[(&str, &str)]) -> Server {
        let port = free_port();
        let web = apache::cgi_changed(site, port, changes);
        Server { address: loopback(port), base: "/hooks", _web: web, receiver: None }
    }

    /// `Systemd`, with the executable under another program such as a tracer.
    pub(crate) fn systemd_under(site: &Site, wrapper: &[&str]) -> Server {
        let port = free_port();
        let web = nginx::fastcgi(site, port);
        let receiver = Some(fastcgi::socket_activated(site, wrapper));
        Server { address: loopback(port), base: "/hooks", _web: web, receiver }
    }
}

/// A running way; everything of it ends with this value, the web server first.
pub(crate) struct Server {
    /// Where the web server listens.
    pub(crate) address: SocketAddr,
    /// What stands before `/<hook>`.
    base: &'static str,
    _web: Daemon,
    /// What the web server passes requests on to.
    pub(crate) receiver: Option<Daemon>,
}

impl Server {
    /// Path of a hook's URL; `rest` may go on with a query.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("{}/{rest}", self.base)
    }
}

/// The group of the receiver when it is a CGI script: the one that may write to the spool.
pub(super) fn script_group() -> &'static str {
    &Account::owner().group
}

/// Whether something listens on `port`.
pub(crate) fn answers(port: u16) -> bool {
    TcpStream::connect(loopback(port)).is_ok()
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A port that nobody listens on, below the range from which the kernel takes ports for clients, and never the same
/// twice in this process.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).expect("below 10000");
    let candidates = || 15_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 15_000;
    std::iter::repeat_with(candidates).find(|&port| TcpListener::bind(loopback(port)).is_ok()).expect("a free port")
}

/// One test for each sentence and gateway: `nginx_fastcgi::a_push_is_deployed`, … Each sentence is a function that
/// takes a [`Gateway`].
macro_rules! through_every_gateway {
    ($($sentence:ident),+ $(,)?) => {
        through_every_gateway!(@ nginx_fastcgi NginxFastcgi: $($sentence)+);
        through_every_gateway!(@ nginx_fcgiwrap NginxFcgiwrap: $($sentence)+);
        through_every_gateway!(@ apache_cgi ApacheCgi: $($sentence)+);
        through_every_gateway!(@ apache_fastcgi ApacheFastcgi: $($sentence)+);
        through_every_gateway!(@ apache_fcgid ApacheFcgid: $($sentence)+);
        through_every_gateway!(@ shared_hosting SharedHosting: $($sentence)+);
        through_every_gateway!(@ lighttpd_fastcgi LighttpdFastcgi: $($sentence)+);
        through_every_gateway!(@ lighttpd_cgi LighttpdCgi: $($sentence)+);
        through_every_gateway!(@ caddy Caddy: $($sentence)+);
        through_every_gateway!(@ uwsgi Uwsgi: $($sentence)+);
        through_every_gateway!(@ serve Serve: $($sentence)+);
        through_every_gateway!(@ nginx_serve NginxServe: $($sentence)+);
        through_every_gateway!(@ supervisor Supervisor: $($sentence)+);
        through_every_gateway!(@ systemd Systemd: $($sentence)+);
    };
    (@ $module:ident $gateway:ident: $($sentence:ident)+) => {
        mod $module {
            $(#[test]
            fn $sentence() {
                super::$sentence($crate::support::Gateway::$gateway);
            })+
        }
    };
}
pub(crate) use through_every_gateway;
