//! Edge. `spool-runner`: locks the spool, and drains it.

use super::exit::{self, Failure};
use super::jobs::unreadable;
use super::last_run::TOLD_TO_STOP;
use super::load::load;
use super::logging;
use super::trust::foreign_directory;
use crate::config::{Config, SandboxMode};
use crate::runner::{DrainEnd, DrainError, Reload, Terms, drain};
use crate::spool::{SpoolError, SpoolOwner};
use crate::system::errno::{is_shortage, words};
use crate::system::stop::{Hangup, Stop};
use crate::system::users;
use crate::system::wait::ready;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Longest wait for another holder of the lock, which may be a verb.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two tries.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Least time for which a runner that cannot go on, such as on a full disk, is there. A supervisor gives up for good
/// after a few quick exits: supervisord after four that take less than `startsecs`.
const RESTART_DELAY: Duration = Duration::from_secs(5);

/// `spool-runner`: drains until told to stop, with `once` until nothing is left, and no longer than `max_runtime`.
pub(super) fn run(config: Option<&Path>, once: bool, max_runtime: Option<Duration>) -> Result<ExitCode, Failure> {
    let runner = SpoolRunner::new(config)?;
    runner.drain(&Stop::install().map_err(|error| Failure::cannot_watch(&error))?, once, max_runtime)
}

/// A runner that has its spool, and its log.
pub(super) struct SpoolRunner<'a> {
    /// The configuration file, where one is typed.
    file: Option<&'a Path>,
    config: Config,
    owner: SpoolOwner,
    log: logging::Reopen,
    hangup: Hangup,
    began: Instant,
}

impl<'a> SpoolRunner<'a> {
    /// Locks the spool. Exit 75 when another runner has it.
    pub(super) fn new(file: Option<&'a Path>) -> Result<Self, Failure> {
        let began = Instant::now();
        let config = load(file)?;
        refuse_root(&config)?;
        // Beside `--once` nobody takes the request: it must not end the run.
        let hangup = Hangup::install().map_err(|error| Failure::cannot_watch(&error))?;
        let owner = lock(&config.spool).map_err(|error| Failure::new(error.exit_code(), error))?;
        owner.limit_payload(config.body_limit_bytes);
        let log_dir = config.runner.log_dir.clone().unwrap_or_else(|| config.spool.join("log"));
        let cannot_log = |error| Failure::create(format!("cannot write logs to `{}`", log_dir.display()), &error);
        let log = logging::to_stderr_and(&log_dir).map_err(cannot_log)?;
        Ok(Self { file, config, owner, log, hangup, began })
    }

    /// A receiver in this process could give up nothing that the steps need.
    pub(super) fn refuse_sandbox(&self) -> Result<(), Failure> {
        if self.config.sandbox != SandboxMode::Require {
            return Ok(());
        }
        let text = "`sandbox = \"require\"` cannot be kept with `--runner`, whose steps may do anything: start \
                    `hookspool serve` and `hookspool spool-runner` apart";
        Err(Failure::new(exit::CONFIGURATION, text))
    }

    /// Drains until told to stop, with `once` until nothing is left, and no longer than `max_runtime`. Exit 1 when it
    /// ends by itself and a job failed for good.
    pub(super) fn drain(self, stop: &Stop, once: bool, max_runtime: Option<Duration>) -> Result<ExitCode, Failure> {
        let Self { file, config, owner, log, hangup, began } = self;
        let load_again = || load_again(file, &log);
        let reload = (!once).then_some(Reload { hangup: &hangup, load: &load_again });
        let (file, spool) = (config.file.display(), config.spool.display());
        tracing::info!(event = "runner", config = %file, %spool, pid = std::process::id());
        let ended = drain(config, &owner, Terms { stop, once, max_runtime, reload });
        if let Err(error) = &ended {
            tracing::error!(event = "runner-failed", reason = %error);
            drop(owner);
            if !once {
                let _stopped_or_over = ready(&[stop.fd()], began + RESTART_DELAY);
            }
        }
        exit_code(ended)
    }
}

fn exit_code(ended: Result<DrainEnd, DrainError>) -> Result<ExitCode, Failure> {
    let ended = ended.map_err(|error| match error {
        DrainError::Spool(error) => unreadable(error),
        DrainError::System(error) if is_shortage(&error) => Failure::new(exit::TRY_AGAIN, DrainError::System(error)),
        DrainError::System(error) => Failure::io("cannot begin to drain", &error),
    })?;
    Ok(ExitCode::from(match ended {
        DrainEnd::ByItself { why, failed, left } => {
            let waiting = if left == 1 { "1 job waits".to_owned() } else { format!("{left} jobs wait") };
            let reason = if left > 0 { format!("{why}; {waiting} for the next run") } else { why.to_owned() };
            tracing::info!(event = "runner-ended", reason, failed, left);
            if failed > 0 { exit::NO } else { 0 }
        }
        DrainEnd::Stopped => {
            tracing::info!(event = "runner-ended", reason = TOLD_TO_STOP);
            0
        }
    }))
}

/// The configuration anew, in a log that is begun anew: whoever sends SIGHUP may have moved it away.
fn load_again(file: Option<&Path>, log: &logging::Reopen) -> Result<Config, String> {
    if let Err(error) = log.reopen() {
        tracing::error!(event = "log-not-reopened", reason = words(&error));
    }
    load(file).map_err(|failure| failure.text)
}

/// A verb that carries out an order has the lock for a moment.
fn lock(spool: &Path) -> Result<SpoolOwner, SpoolError> {
    let until = Instant::now() + LOCK_TIMEOUT;
    loop {
        match SpoolOwner::lock(spool) {
            Err(SpoolError::Locked { .. }) if Instant::now() < until => std::thread::sleep(POLL_INTERVAL),
            other => return other,
        }
    }
}

/// Root, trying things out, would run the steps with all rights, and leave files that the spool's own runner cannot
/// write to any more. It may make a spool where the hooks' directories are nobody else's, as in a container.
fn refuse_root(config: &Config) -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let path = config.spool.display();
    let text = match std::fs::metadata(&config.spool) {
        Ok(found) if found.uid() == 0 => return Ok(()),
        Ok(found) => {
            let owner = users::name_of(found.uid());
            format!("spool {path} belongs to `{owner}`, and steps would run as root; start the runner as `{owner}`")
        }
        Err(_) => {
            let Some((dir, uid)) = foreign_directory(config) else { return Ok(()) };
            let (dir, owner) = (dir.display(), users::name_of(uid));
            format!(
                "root does not make the spool {path}: `{owner}` owns {dir}, and could not work there any more; \
                 `install -d -o {owner} -g {owner} -m 2751 {path}`, then start the runner as `{owner}`"
            )
        }
    };
    Err(Failure::new(exit::NO_PERMISSION, text))
}
