//! Edge. How were we started?

use crate::gateway::cgi;
use crate::gateway::fastcgi::Listener;

/// The ways to be started.
pub(super) enum Mode {
    /// By a web server, for one request.
    Cgi,
    /// By a process manager that listens for us.
    InheritedSocket(Listener),
    /// By a person or a supervisor.
    CommandLine,
}

/// Decides from environment and standard input alone.
pub(super) fn choose() -> Mode {
    if let Some(listener) = systemd_listener().or_else(stdin_listener) {
        return Mode::InheritedSocket(listener);
    }
    if cgi::is_requested(|name| std::env::var_os(name).is_some()) {
        return Mode::Cgi;
    }
    Mode::CommandLine
}

/// `LISTEN_FDS` counts only when `LISTEN_PID` is us (sd_listen_fds(3)).
fn systemd_listener() -> Option<Listener> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let is_ours = number("LISTEN_PID") == Some(std::process::id()) && number("LISTEN_FDS")? >= 1;
    is_ours.then(Listener::from_systemd).flatten()
}

/// A *listening* socket: mod_cgid hands CGI programs a connected one.
fn stdin_listener() -> Option<Listener> {
    crate::gateway::fastcgi::stdin_is_listening().then(Listener::from_stdin).and_then(Result::ok)
}
