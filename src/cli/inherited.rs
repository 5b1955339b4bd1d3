//! Edge. A receiver on sockets that a process manager opened.

use super::args::Command;
use super::exit::{self, Failure};
use super::http;
use super::receive::{Receiver, ReceiverProtocol};
use crate::gateway::{Limits, Listener};
use crate::system::stop::Stop;
use std::io;
use std::process::ExitCode;

/// A receiver on sockets that a process manager holds for us, by FastCGI unless `serve` is typed. `fastcgi`, `serve`
/// and their options may be typed; anything else is not looked at.
pub(super) fn run(listeners: io::Result<Vec<Listener>>) -> Result<ExitCode, Failure> {
    let listeners = listeners.map_err(|error| Failure::io("cannot use an inherited socket", &error))?;
    let is_typed = std::env::args_os().nth(1).is_some_and(|verb| verb == "fastcgi" || verb == "serve");
    let cli = is_typed.then(exit::command_line);
    let config = cli.as_ref().and_then(|cli| cli.config.clone());
    let workers = match cli.map(|cli| cli.command) {
        Some(Command::Serve(args)) => return http::on(listeners, config.as_deref(), args),
        Some(Command::Fastcgi(args)) => usize::from(args.socket.workers),
        _ => Limits::default().workers,
    };
    let protocol = ReceiverProtocol::Fastcgi;
    Receiver { config: config.as_deref(), listeners, workers, protocol, is_beside_runner: false }
        .run(&Stop::install().map_err(|error| Failure::cannot_watch(&error))?)
}
