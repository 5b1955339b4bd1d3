//! Edge. The receiving modes: CGI and FastCGI.

use super::args::FastcgiArgs;
use super::exit::{self, Failure};
use super::load::load;
use super::logging;
use crate::gateway::{Limits, Listener, Notice, cgi, fastcgi};
use crate::intake::Intake;
use crate::model::{Refusal, Status, Throttle};
use crate::system::errno::words;
use crate::system::stop::{Hangup, Stop};
use crate::system::stoppable::Stoppable;
use crate::system::wait::{after, ready};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// One request from a web server. Always answers, always exits 0: the status is in the reply.
pub(super) fn cgi() -> ExitCode {
    logging::to_stderr_at_once();
    let intake = || load(None).map(Intake::new).map_err(|failure| not_configured(&failure));
    match std::io::stdin().as_fd().try_clone_to_owned() {
        Ok(input) => cgi::run(stoppable(File::from(input)), &Limits::default(), intake, reply),
        // Without a descriptor left there is no body to be had.
        Err(error) => reply(&not_configured(&Failure::io("cannot read the body", &error)).reply.to_bytes()),
    }
    ExitCode::SUCCESS
}

/// The body, until the web server asks us to stop, as `mod_cgid` does with SIGTERM when the sender is gone. What was
/// received until then must not stay in `tmp/`. Requests to reload mean others.
fn stoppable(input: File) -> Stoppable<File> {
    let _not_ended_by_them = Hangup::install();
    Stoppable::new(input, Stop::install().ok())
}

/// Writes the reply at once and ends the output, so that it is there however long the rest of a body takes.
fn reply(bytes: &[u8]) {
    let mut output = std::io::stdout().lock();
    // A server that has gone away leaves nothing to be done: the job, if any, is on disk.
    let _ = output.write_all(bytes).and_then(|()| output.flush());
    if let Ok(nothing) = File::options().write(true).open("/dev/null") {
        let _still_ends_with_the_process = rustix::stdio::dup2_stdout(nothing);
    }
}

fn not_configured(failure: &Failure) -> Refusal {
    tracing::error!(event = "refused", status = 500, reason = failure.text);
    Refusal::new(Status::InternalError, "not configured", failure.text.as_str())
}

/// FastCGI on sockets that a process manager holds for us. `fastcgi` and its options may be typed; anything else is
/// not looked at.
pub(super) fn fastcgi_on_inherited(listeners: std::io::Result<Vec<Listener>>) -> Result<ExitCode, Failure> {
    let listeners = listeners.map_err(|error| Failure::io("cannot use an inherited socket", &error))?;
    let typed = std::env::args_os().nth(1).is_some_and(|verb| verb == "fastcgi");
    let cli = typed.then(<super::args::Cli as clap::Parser>::parse);
    let config = cli.as_ref().and_then(|cli| cli.config.as_deref());
    let workers = match cli.as_ref().map(|cli| &cli.command) {
        Some(super::args::Command::Fastcgi(args)) => usize::from(args.workers),
        _ => Limits::default().workers,
    };
    serve(config, listeners, workers)
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
    serve(config, vec![listener], usize::from(args.workers))
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

fn serve(config: Option<&Path>, listeners: Vec<Listener>, workers: usize) -> Result<ExitCode, Failure> {
    logging::to_stderr();
    let cannot_watch = |error| Failure::io("cannot watch for signals", &error);
    let hangup = Hangup::install().map_err(cannot_watch)?;
    let stop = Stop::install().map_err(cannot_watch)?;
    let (over, end) = Stop::by_hand().map_err(cannot_watch)?;
    let intake = Intake::new(load(config)?);
    let limits = Limits { workers, ..Limits::default() };
    let notices = Mutex::default();
    tracing::info!(event = "listening", sockets = listeners.len());
    let served = std::thread::scope(|scope| {
        let reloads = Builder::new().name("reload".into());
        if let Err(error) = reloads.spawn_scoped(scope, || reload_on(&hangup, &over, config, &intake)) {
            tracing::error!(event = "no-reload", reason = words(&error));
        }
        let served = fastcgi::serve(listeners, &intake, &limits, stop.fd(), &|notice| log(&notice, &notices));
        end.request();
        served
    });
    served.map_err(|error| Failure::io("cannot serve", &error))?;
    tracing::info!(event = "stopped");
    Ok(ExitCode::SUCCESS)
}

/// Loads the configuration again whenever SIGHUP asks for it. One that is wrong changes nothing; requests that have
/// begun keep the one that they began with.
fn reload_on(hangup: &Hangup, over: &Stop, file: Option<&Path>, intake: &Intake) {
    while let Ok(ready) = ready(&[hangup.fd(), over.fd()], after(Duration::MAX)) {
        if ready[1] {
            return;
        }
        if !hangup.take() {
            continue;
        }
        match load(file) {
            Ok(config) => {
                tracing::info!(event = "reloaded", config = %config.file.display(), hooks = config.hooks.len());
                intake.replace(config);
            }
            Err(failure) => {
                let kept = "the configuration as it was";
                tracing::error!(event = "reload-refused", reason = failure.text, kept);
            }
        }
    }
}

/// Logs an event of a connection; in a flood events are counted.
fn log(notice: &Notice, throttle: &Mutex<Throttle>) {
    let admitted = throttle.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now());
    match admitted {
        None => {}
        Some(left_out) => {
            tracing::warn!(event = "connection", reason = %notice, left_out = (left_out > 0).then_some(left_out));
        }
    }
}
