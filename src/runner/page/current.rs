//! Edge. The configuration that the page is written by, and a bell that rings when it is another one.

use crate::config::Config;
use crate::system::bell::Bell;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};

/// The configuration as it is now.
#[derive(Debug)]
pub(in crate::runner) struct CurrentConfig {
    config: Mutex<Arc<Config>>,
    changed: Bell,
}

impl CurrentConfig {
    /// The first one.
    pub(in crate::runner) fn new(config: Arc<Config>) -> io::Result<Self> {
        Ok(Self { config: Mutex::new(config), changed: Bell::new()? })
    }

    /// From now on it is this one.
    pub(in crate::runner) fn set(&self, config: Config) {
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.changed.ring();
    }

    /// The one that counts; the bell is silent then.
    pub(super) fn get(&self) -> Arc<Config> {
        self.changed.silence();
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Readable when there is another one.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.changed.fd()
    }
}
