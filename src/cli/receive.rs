//! Edge. The receiving modes: CGI and FastCGI.

use super::args::FastcgiArgs;
use super::exit::{self, Failure};
use super::logging;
use crate::config::{self, Config};
use crate::gateway::fastcgi::{self, Limits, Listener, Notice};
use crate::gateway::{Responder, cgi};
use crate::intake::Intake;
use crate::model::{Refusal, Status};
use crate::system::stop::Stop;
use crate::system::stoppable::Stoppable;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

/// One request from a web server. Always answers, always exits 0: the status is in the reply.
pub(super) fn cgi() -> ExitCode {
    logging::to_stderr();
    cgi::run(body(), || load(None).map(Intake::new).map_err(|failure| not_configured(&failure)));
    ExitCode::SUCCESS
}

/// Standard input, until the web server asks us to stop, as `mod_cgid` does with SIGTERM when the sender is gone. What was
/// received until then must not stay in `tmp/`.
fn body() -> Box<dyn Read> {
    let input = std::io::stdin().as_fd().try_clone_to_owned().map(File::from);
    match (input, Stop::install()) {
        (Ok(input), Ok(stop)) => Box::new(Stoppable::new(input, stop)),
        _ => Box::new(std::io::stdin()),
    }
}

fn not_configured(failure: &Failure) -> Refusal {
    tracing::error!(event = "refused", status = 500, reason = failure.text);
    Refusal::new(Status::InternalError, "not configured", failure.text.as_str())
}

/// FastCGI on a socket that a process manager holds for us. `fastcgi` and its options may be typed; anything else is
/// not looked at.
pub(super) fn fastcgi_on_inherited(listener: std::io::Result<Listener>) -> Result<ExitCode, Failure> {
    let listener = listener.map_err(|error| Failure::io("cannot use the inherited socket", &error))?;
    let typed = std::env::args_os().nth(1).is_some_and(|verb| verb == "fastcgi");
    let cli = typed.then(<super::args::Cli as clap::Parser>::parse);
    let config = cli.as_ref().and_then(|cli| cli.config.as_deref());
    let workers = match cli.as_ref().map(|cli| &cli.command) {
        Some(super::args::Command::Fastcgi(args)) => usize::from(args.workers),
        _ => Limits::default().workers,
    };
    serve(config, listener, workers)
}

/// FastCGI on a socket of our own.
pub(super) fn fastcgi(config: Option<&Path>, args: &FastcgiArgs) -> Result<ExitCode, Failure> {
    let address = args.listen.as_deref().ok_or_else(|| {
        Failure::new(
            exit::USAGE,
            "no socket inherited and no `--listen`; try `--listen unix:/run/hookspool/hookspool.sock`",
        )
    })?;
    let group = args.socket_group.as_deref().map(group_id).transpose()?;
    let mode = address.starts_with("unix:").then_some(args.socket_mode);
    let listener = Listener::bind(address, mode, group).map_err(|error| cannot_listen(address, &error))?;
    serve(config, listener, usize::from(args.workers))
}

fn cannot_listen(address: &str, error: &std::io::Error) -> Failure {
    let failure = Failure::io(format!("cannot listen on `{address}`"), error);
    match error.kind() {
        std::io::ErrorKind::InvalidInput => Failure { code: exit::USAGE, ..failure },
        std::io::ErrorKind::AddrInUse => Failure { code: exit::UNAVAILABLE, ..failure },
        _ => failure,
    }
}

fn group_id(name: &str) -> Result<u32, Failure> {
    crate::system::groups::id_of(name).ok_or_else(|| {
        Failure::new(exit::CONFIGURATION, format!("there is no group `{name}`; create it, or name the web server's"))
    })
}

fn serve(config: Option<&Path>, listener: Listener, workers: usize) -> Result<ExitCode, Failure> {
    logging::to_stderr();
    let intake = Intake::new(load(config)?);
    let stop = Stop::install().map_err(|error| Failure::io("cannot watch for signals", &error))?;
    let limits = Limits { workers, ..Limits::default() };
    tracing::info!(event = "listening");
    fastcgi::serve(listener, &Responder(intake), &limits, stop.fd(), &|notice| log(&notice))
        .map_err(|error| Failure::io("cannot serve", &error))?;
    tracing::info!(event = "stopped");
    Ok(ExitCode::SUCCESS)
}

fn log(notice: &Notice) {
    tracing::warn!(event = "connection", reason = %notice);
}

/// The configuration, or why there is none.
pub(super) fn load(file: Option<&Path>) -> Result<Config, Failure> {
    let file = config::find(file).map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    config::load(&file).map_err(|error| Failure::new(exit::CONFIGURATION, error))
}
