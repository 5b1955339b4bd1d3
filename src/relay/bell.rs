//! Edge. Wakes the relay's thread, from any other.

use std::sync::Arc;
use tokio::sync::Notify;

/// A bell that one thread hears. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct RelayBell(Arc<Notify>);

impl RelayBell {
    /// Wakes whoever waits, or who waits next.
    pub(super) fn ring(&self) {
        self.0.notify_one();
    }

    /// Ends when it rings.
    pub(super) async fn rung(&self) {
        self.0.notified().await;
    }
}
