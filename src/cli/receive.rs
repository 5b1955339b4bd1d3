//! Edge. The receiving modes that stay until they are told to stop: FastCGI, and HTTP.

use super::args::{FastcgiArgs, SocketArgs};
use super::exit::{self, Failure};
use super::load::load;
use super::logging;
use crate::gateway::http::Trust;
use crate::gateway::{self, Limits, Listener, Notice};
use crate::intake::Intake;
use crate::model::Throttle;
use crate::system::errno::words;
use crate::system::stop::{Hangup, Stop};
use crate::system::wait::{after, ready};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// A receiver, ready to begin.
pub(super) struct Receiver<'a> {
    /// The configuration file, where one is typed.
    pub(super) config: Option<&'a Path>,
    pub(super) listeners: Vec<Listener>,
    pub(super) workers: usize,
    pub(super) protocol: ReceiverProtocol,
}

/// The language of those who connect.
pub(super) enum ReceiverProtocol {
    Fastcgi,
    /// With the proxies whose word about the client counts.
    Http(Trust),
}

/// FastCGI on a socket of our own.
pub(super) fn fastcgi(config: Option<&Path>, args: &FastcgiArgs) -> Result<ExitCode, Failure> {
    let listeners = vec![listen(&args.socket, "unix:/run/hookspool/hookspool.sock")?];
    let workers = usize::from(args.socket.workers);
    Receiver { config, listeners, workers, protocol: ReceiverProtocol::Fastcgi }
        .run(&Stop::install().map_err(|error| Failure::cannot_watch(&error))?)
}

/// The socket that `--listen` names; `example` is a good one.
pub(super) fn listen(args: &SocketArgs, example: &str) -> Result<Listener, Failure> {
    let address = args.listen.as_deref().ok_or_else(|| {
        Failure::new(exit::USAGE, format!("no socket inherited and no `--listen`; try `--listen {example}`"))
    })?;
    let group = args.socket_group.as_deref().map(group_id).transpose()?;
    let mode = address.starts_with("unix:").then_some(args.socket_mode);
    Listener::bind(address, mode, group).map_err(|error| cannot_listen(address, &error))
}

fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    let failure = Failure::io(format!("cannot listen on `{address}`"), error);
    match error.kind() {
        ErrorKind::InvalidInput => Failure { code: exit::USAGE, ..failure },
        ErrorKind::AddrInUse => Failure { code: exit::UNAVAILABLE, ..failure },
        _ => failure,
    }
}

fn group_id(name: &str) -> Result<u32, Failure> {
    crate::system::groups::id_of(name).ok_or_else(|| {
        Failure::new(exit::CONFIGURATION, format!("there is no group `{name}`; create it, or name the web server's"))
    })
}

impl Receiver<'_> {
    /// Receives until `stop` is requested.
    pub(super) fn run(self, stop: &Stop) -> Result<ExitCode, Failure> {
        logging::to_stderr();
        let hangup = Hangup::install().map_err(|error| Failure::cannot_watch(&error))?;
        let (over, end) = Stop::by_hand().map_err(|error| Failure::cannot_watch(&error))?;
        let intake = Intake::that_stays(load(self.config)?);
        let address = self.listeners.iter().find_map(Listener::tcp_address);
        tracing::info!(
            event = "listening",
            sockets = self.listeners.len(),
            address = address.map(tracing::field::display)
        );
        let config = self.config;
        let served = std::thread::scope(|scope| {
            let reloads = Builder::new().name("reload".into());
            if let Err(error) = reloads.spawn_scoped(scope, || reload_on(&hangup, &over, config, &intake)) {
                tracing::error!(event = "no-reload", reason = words(&error));
            }
            let served = self.serve(&intake, stop);
            end.request();
            served
        });
        served.map_err(|error| Failure::io("cannot serve", &error))?;
        tracing::info!(event = "stopped");
        Ok(ExitCode::SUCCESS)
    }

    fn serve(self, intake: &Intake, stop: &Stop) -> io::Result<()> {
        let limits = Limits { workers: self.workers, ..Limits::default() };
        let notices = Mutex::default();
        let log = |notice: Notice| {
            if let Notice::Refused(fault) = &notice {
                intake.note_malformed(&fault.0);
            }
            log(&notice, &notices);
        };
        match self.protocol {
            ReceiverProtocol::Fastcgi => gateway::fastcgi::serve(self.listeners, intake, &limits, stop.fd(), &log),
            ReceiverProtocol::Http(trust) => {
                gateway::http::serve(self.listeners, trust, intake, &limits, stop.fd(), &log)
            }
        }
    }
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
