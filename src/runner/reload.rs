//! Edge. A new configuration for a runner that goes on.

use super::drain::Drain;
use super::refill::queue_of;
use crate::config::Config;
use crate::spool::SpoolError;
use crate::system::stop::Hangup;
use std::sync::{Arc, PoisonError};

/// How a new configuration is asked for, and how it is had.
#[derive(Clone, Copy)]
pub struct Reload<'a> {
    /// SIGHUP.
    pub hangup: &'a Hangup,
    /// Reads it anew; or why it cannot be used.
    pub load: &'a (dyn Fn() -> Result<Config, String> + Sync),
}

impl Drain<'_> {
    /// Running jobs keep the configuration with which they began. One that is broken, or that is for another spool,
    /// changes nothing.
    pub(super) fn reload_if_asked(&mut self) -> Result<(), SpoolError> {
        let Some(reload) = self.reload.filter(|reload| reload.hangup.take()) else { return Ok(()) };
        match (reload.load)() {
            Ok(config) if config.spool == self.config.spool => {
                tracing::info!(event = "reloaded", config = %config.file.display(), hooks = config.hooks.len());
                self.owner.limit_payload(config.body_limit_bytes);
                *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = config.runner.clone();
                self.config = Arc::new(config);
                let config = Arc::clone(&self.config);
                self.backlog.requeue(|id, item| queue_of(&config, id, &item.hook));
                self.refill()
            }
            Ok(config) => {
                let spool = config.spool.display();
                let reason = format!("the spool is `{spool}` now; restart the runner to change over to it");
                tracing::error!(event = "reload-refused", reason);
                Ok(())
            }
            Err(reason) => {
                tracing::error!(event = "reload-refused", reason, kept = "the configuration as it was");
                Ok(())
            }
        }
    }
}
