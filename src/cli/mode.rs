//! Edge. The mode, by the way in which the process was started.

use crate::gateway::{Listener, cgi, stdin_is_listening};
use crate::system::inherited;

/// The ways to be started.
pub(super) enum Mode {
    /// By a web server, for one request.
    Cgi,
    /// By a process manager that listens for us.
    InheritedSockets(std::io::Result<Vec<Listener>>),
    /// By a person or a supervisor.
    CommandLine,
}

/// Decides from environment and standard input alone. "Standard input is a socket" would not do: `mod_cgid` hands CGI
/// programs a connected one.
pub(super) fn choose() -> Mode {
    let sockets = inherited::systemd_sockets();
    if !sockets.is_empty() {
        return Mode::InheritedSockets(sockets.into_iter().map(Listener::from_fd).collect());
    }
    if stdin_is_listening() {
        return Mode::InheritedSockets(Listener::from_stdin().map(|listener| vec![listener]));
    }
    if cgi::is_requested(|name| std::env::var_os(name).is_some()) {
        return Mode::Cgi;
    }
    Mode::CommandLine
}
