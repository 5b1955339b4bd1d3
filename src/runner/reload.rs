//! Edge. A new configuration for a runner that goes on.

use super::current_config::CurrentConfig;
use crate::config::Config;
use crate::system::stop::Hangup;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

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
    /// The configuration that those beside the loop go by.
    pub(super) current: &'a CurrentConfig,
}

impl Reloader<'_> {
    /// Readable when a new configuration is asked for.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.reload.map(|reload| reload.hangup.fd())
    }

    /// Tells those beside the loop of the configuration that it goes by.
    pub(super) fn goes_by(&self, config: &Arc<Config>) {
        self.current.set(Arc::clone(config));
    }

    /// A new configuration, if one is asked for. One that is broken, or that is for another spool, is refused, and the
    /// runner keeps what it has.
    pub(super) fn take(&self, current: &Config) -> Option<Config> {
        let reload = self.reload.filter(|reload| reload.hangup.take())?;
        match (reload.load)() {
            Ok(config) if config.spool == current.spool => {
                tracing::info!(event = "reloaded", config = %config.file.display(), hooks = config.hooks.len());
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
