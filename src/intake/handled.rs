//! Pure. Requests that were dealt with: what became of them, and what is known of them.

use crate::config::Hook;
use crate::model::{Event, JobId, JobMeta, RefName, Refusal};

/// An authentic delivery, dealt with.
pub(super) enum Accepted {
    /// Jobs, in order, and why some events of the same delivery are none. `failed`: not every job could be appended.
    Queued {
        jobs: Vec<Queued>,
        ignored: Vec<String>,
        failed: Option<Refusal>,
    },
    /// None of its events is wanted: why, for each.
    Ignored(Vec<String>),
    Pong,
}

/// A job that is in the spool.
pub(super) struct Queued {
    pub(super) id: JobId,
    pub(super) meta: JobMeta,
}

/// The delivery and its sender, as far as they are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    /// The provider's delivery id.
    pub(super) delivery: Option<String>,
    /// The secret that matched, where the hook has several.
    pub(super) secret: Option<String>,
    /// Kind of its first event.
    pub(super) event: Option<String>,
    /// Branch or tag of that.
    pub(super) reference: Option<RefName>,
}

impl Identity {
    /// Takes what a verified delivery says of itself.
    pub(super) fn learn(&mut self, events: &[Event]) {
        let Some(first) = events.first() else { return };
        self.delivery = first.delivery.clone().or(self.delivery.take());
        self.event = Some(first.kind.as_str().to_owned());
        self.reference.clone_from(&first.reference);
    }
}

/// A request that was dealt with, and what is known of it for the log.
pub(super) struct Handled<'a> {
    pub(super) hook: Option<&'a Hook>,
    pub(super) identity: Identity,
    pub(super) result: Result<Accepted, Refusal>,
}
