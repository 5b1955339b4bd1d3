//! Edge. The configuration that those beside the loop go by, and a bell that rings when it is another one.

use crate::config::Config;
use crate::system::bell::Bell;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// The configuration as it is now.
#[derive(Debug)]
pub(super) struct CurrentConfig {
    config: Mutex<Arc<Config>>,
    changed: Bell,
}

impl CurrentConfig {
    /// The first one.
    pub(super) fn new(config: Arc<Config>) -> io::Result<Self> {
        Ok(Self { config: Mutex::new(config), changed: Bell::new()? })
    }

    /// From now on it is this one.
    pub(super) fn set(&self, config: Arc<Config>) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        self.changed.ring();
    }

    /// The one that counts.
    pub(super) fn get(&self) -> Arc<Config> {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The one that counts, for the one who listens to the bell, which is silent then.
    pub(super) fn hear(&self) -> Arc<Config> {
        self.changed.silence();
        self.get()
    }

    /// Readable when there is another one.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.changed.fd()
    }
}
