//! Edge. The receiving modes that stay until they are told to stop: FastCGI, and HTTP.

use super::args::{FastcgiArgs, SocketArgs};
use super::exit::{self, Failure};
use super::load::load;
use super::logging;
use crate::config::Config;
use crate::gateway::http::Trust;
use crate::gateway::{self, Limits, Listener, Notice};
use crate::intake::{Confinement, Intake, Stay};
use crate::model::Throttle;
use crate::system::errno::words;
use crate::system::stop::{Hangup, Stop};
use crate::system::wait::{after, ready};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// A receiver, ready to begin.
pub(super) struct Receiver<'a> {
    /// The configuration file, where one is typed.
    pub(super) config: Option<&'a Path>,
    pub(super) listeners: Vec<Listener>,
    pub(super) workers: usize,
    pub(super) protocol: ReceiverProtocol,
    /// A runner works in the same process, whose steps need everything: there is no sandbox.
    pub(super) is_beside_runner: bool,
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
    Receiver { config, listeners, workers, protocol: ReceiverProtocol::Fastcgi, is_beside_runner: false }
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
        let config = load(self.config)?;
        let confinement = Arc::new(self.confine(&config)?);
        confinement.ends_by(stop.trigger());
        // Looked for but once: inside the sandbox the user's own file could not be found any more.
        let file = config.file.clone();
        let intake = Intake::that_stays(config, Arc::clone(&confinement));
        let address = self.listeners.iter().find_map(Listener::tcp_address);
        tracing::info!(
            event = "listening",
            sockets = self.listeners.len(),
            address = address.map(tracing::field::display),
            sandbox = %confinement,
        );
        let served = std::thread::scope(|scope| {
            let reloads = Builder::new().name("reload".into());
            if let Err(error) = reloads.spawn_scoped(scope, || reload_on(&hangup, &over, &file, &intake, &confinement))
            {
                tracing::error!(event = "no-reload", reason = words(&error));
            }
            let served = self.serve(&intake, stop);
            end.request();
            served
        });
        served.map_err(|error| Failure::io("cannot serve", &error))?;
        if confinement.is_outgrown() {
            let text = "a directory inside the sandbox was moved, replaced or mounted over; start this receiver again";
            return Err(Failure::new(exit::TRY_AGAIN, text));
        }
        tracing::info!(event = "stopped");
        Ok(ExitCode::SUCCESS)
    }

    /// Gives up what a receiver never needs. All that opens something for it was done before.
    fn confine(&self, config: &Config) -> Result<Confinement, Failure> {
        if self.is_beside_runner {
            return Ok(Confinement::default());
        }
        let files: Vec<PathBuf> = self.listeners.iter().filter_map(Listener::own_file).map(Path::to_owned).collect();
        let confinement = Confinement::enter(config, Stay::Long(&files));
        let confinement = confinement.map_err(|error| Failure::unconfined(&error))?;
        for gap in confinement.gaps() {
            tracing::warn!(event = "no-sandbox", reason = %gap);
        }
        Ok(confinement)
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
fn reload_on(hangup: &Hangup, over: &Stop, file: &Path, intake: &Intake, confinement: &Confinement) {
    while let Ok(ready) = ready(&[hangup.fd(), over.fd()], after(Duration::MAX)) {
        if ready[1] {
            return;
        }
        if !hangup.take() {
            continue;
        }
        match load_inside(file, confinement) {
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

/// The configuration anew, if this process can go by it.
fn load_inside(file: &Path, confinement: &Confinement) -> Result<Config, Failure> {
    let config = load(Some(file)).inspect_err(|_| _ = confinement.heed())?;
    if !confinement.is_enough_for(config.sandbox) {
        let text = "`sandbox = \"require\"` asks for more than this receiver began with; start it again";
        return Err(Failure::new(exit::CONFIGURATION, text));
    }
    match confinement.lacks_for(&config).as_deref().map(Path::display) {
        None => Ok(config),
        Some(path) => {
            let text = format!("`{path}` lies outside of the sandbox that this receiver has; start it again");
            Err(Failure::new(exit::CONFIGURATION, text))
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
