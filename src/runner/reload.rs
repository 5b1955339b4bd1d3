//! Edge. A new configuration for a runner that goes on.

use super::page::CurrentConfig;
use crate::config::{Config, RunnerSettings};
use crate::system::stop::Hangup;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};

/// The signal that asks for a new configuration, and the way to load one.
#[derive(Clone, Copy)]
pub struct Reload<'a> {
    /// SIGHUP.
    pub hangup: &'a Hangup,
    /// Reads it anew; or why it cannot be used.
    pub load: &'a (dyn Fn() -> Result<Config, String> + Sync),
}

/// Loads a new configuration on SIGHUP, where the runner is one that reloads.
pub(super) struct Reloader<'a> {
    pub(super) reload: Option<Reload<'a>>,
    /// The settings that retention goes by.
    pub(super) settings: &'a Mutex<RunnerSettings>,
    /// The configuration that the page is written by.
    pub(super) current: &'a CurrentConfig,
}

impl Reloader<'_> {
    /// Readable when a new configuration is asked for.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.reload.map(|reload| reload.hangup.fd())
    }

    /// A new configuration, if one is asked for. One that is broken, or that is for another spool, is refused, and the
    /// runner keeps what it has.
    pub(super) fn take(&self, current: &Config) -> Option<Config> {
        let reload = self.reload.filter(|reload| reload.hangup.take())?;
        match (reload.load)() {
            Ok(config) if config.spool == current.spool => {
                tracing::info!(event = "reloaded", config = %config.file.display(), hooks = config.hooks.len());
                *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = config.runner.clone();
                self.current.set(config.clone());
                Some(config)
            }
            Ok(config) => {
                let spool = config.spool.display();
                let reason = format!("the spool is `{spool}` now; restart the runner to change over to it");
                tracing::error!(event = "reload-refused", reason);
                None
            }
            Err(reason) => {
                tracing::error!(event = "reload-refused", reason, kept = "the configuration as it was");
                None
            }
        }
    }
}
