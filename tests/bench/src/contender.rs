//! Edge. Who takes part, and how each is started.

use crate::delivery::SECRET;
use crate::process::Group;
use crate::room::Room;
use std::fs;
use std::io;
use std::process::Command;

/// Processes of fcgiwrap for each CGI program: one for each of the load's connections.
const FCGIWRAP_PROCESSES: &str = "16";
/// Processes of uWSGI. Two, four, eight and sixteen were tried: from four on the rate is the same, and memory grows.
const UWSGI_PROCESSES: &str = "4";

/// One of those compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Contender {
    /// The write protocol alone.
    Append,
    /// hookspool as a `FastCGI` application.
    Fastcgi,
    /// The same handler and spool on crate `fastcgi` 1.0.0.
    CrateFastcgi,
    /// adnanh/webhook.
    Webhook,
    /// A Python script under uWSGI.
    Uwsgi,
    /// hookspool as a CGI program under fcgiwrap.
    Cgi,
    /// A Python CGI script under fcgiwrap.
    PythonCgi,
    /// nginx answering by itself: what sender and web server can do at most.
    Nginx,
}

impl Contender {
    /// All, in the order of a round.
    pub const ALL: [Self; 8] = [
        Self::Append,
        Self::Fastcgi,
        Self::CrateFastcgi,
        Self::Webhook,
        Self::Uwsgi,
        Self::Cgi,
        Self::PythonCgi,
        Self::Nginx,
    ];

    /// Short name, as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Fastcgi => "fastcgi",
            Self::CrateFastcgi => "crate-fastcgi",
            Self::Webhook => "webhook",
            Self::Uwsgi => "uwsgi",
            Self::Cgi => "cgi",
            Self::PythonCgi => "python-cgi",
            Self::Nginx => "nginx",
        }
    }

    /// What the tables call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Append => "bare append, no web server",
            Self::Fastcgi => "**hookspool FastCGI**",
            Self::CrateFastcgi => "same handler on crate `fastcgi`",
            Self::Webhook => "adnanh/webhook running `true`",
            Self::Uwsgi => "Python script, uWSGI, running `true`",
            Self::Cgi => "**hookspool CGI**, fcgiwrap",
            Self::PythonCgi => "Python CGI, fcgiwrap, running `true`",
            Self::Nginx => "nginx alone, `return 202`",
        }
    }

    /// First part of its URL in nginx; the bare append has none.
    pub fn uri(self) -> Option<&'static str> {
        match self {
            Self::Append => None,
            Self::Fastcgi => Some("/fastcgi"),
            Self::CrateFastcgi => Some("/crate-fastcgi"),
            Self::Webhook => Some("/webhook"),
            Self::Uwsgi => Some("/uwsgi"),
            Self::Cgi => Some("/cgi"),
            Self::PythonCgi => Some("/python-cgi"),
            Self::Nginx => Some("/nginx"),
        }
    }

    /// Whether each 2xx must have left a job in the spool.
    pub fn spools(self) -> bool {
        matches!(self, Self::Append | Self::Fastcgi | Self::CrateFastcgi | Self::Cgi)
    }

    /// Whether it checks signatures.
    pub fn verifies(self) -> bool {
        !matches!(self, Self::Append | Self::Nginx)
    }

    /// Whether the kernel counts its CPU time: fcgiwrap never waits for its children.
    pub fn is_accounted(self) -> bool {
        !matches!(self, Self::Cgi | Self::PythonCgi)
    }

    /// Starts it; `None` for those without a process of their own.
    pub fn start(self, room: &Room) -> io::Result<Option<Group>> {
        let _ = fs::remove_file(room.socket(self.name()));
        let Some(command) = self.command(room) else { return Ok(None) };
        Group::start(command, &room.log(self.name())).map(Some)
    }

    fn command(self, room: &Room) -> Option<Command> {
        let socket = room.socket(self.name());
        let socket = socket.display();
        let mut command;
        match self {
            Self::Append | Self::Nginx => return None,
            Self::Fastcgi => {
                command = Command::new(&room.hookspool);
                command.args(["fastcgi", "--listen", &format!("unix:{socket}")]).env("HOOKSPOOL_CONFIG", room.config());
            }
            Self::CrateFastcgi => {
                command = Command::new(&room.crate_fastcgi);
                command.arg(socket.to_string()).arg(room.config());
            }
            Self::Webhook => {
                command = Command::new("webhook");
                command.arg("-hooks").arg(room.dir.join("hooks.json")).args(["-ip", &room.webhook.ip().to_string()]);
                command.args(["-port", &room.webhook.port().to_string()]);
            }
            Self::Uwsgi => {
                command = Command::new("uwsgi");
                command.args(["--plugin", "python3", "--master", "--die-on-term", "--disable-logging", "--need-app"]);
                command.args(["--processes", UWSGI_PROCESSES, "--socket", &socket.to_string(), "--chmod-socket=600"]);
                command.arg("--wsgi-file").arg(room.peers.join("webhook_wsgi.py")).env("WEBHOOK_SECRET", SECRET);
            }
            Self::Cgi | Self::PythonCgi => {
                command = Command::new("fcgiwrap");
                command.args(["-c", FCGIWRAP_PROCESSES, "-s", &format!("unix:{socket}")]);
            }
        }
        Some(command)
    }
}
