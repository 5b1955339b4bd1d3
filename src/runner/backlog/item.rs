//! Pure. A job that waits or runs, and what makes two of them the same.

use crate::config::WhenNewer;
use crate::model::{EventKind, JobId, JobMeta, RefName};
use crate::provider::Provider;
use jiff::Timestamp;

/// The facts of a job that decide when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runner) struct Item {
    /// Name of its hook.
    pub(in crate::runner) hook: String,
    /// Jobs of one queue run one after the other.
    pub(in crate::runner) queue: String,
    /// The kind of event; `None` when the job says nothing of itself.
    pub(in crate::runner) event: Option<EventKind>,
    /// Branch or tag.
    pub(in crate::runner) reference: Option<RefName>,
    /// `owner/name`: one hook may serve every repository of an organisation.
    pub(in crate::runner) repository: Option<String>,
    /// Commit after, hex.
    pub(in crate::runner) after: Option<String>,
    /// The provider's delivery id.
    pub(in crate::runner) delivery: Option<String>,
    /// `true` if a newer job for the same hook and ref takes its place.
    pub(in crate::runner) when_newer: WhenNewer,
    /// Not before this time, for a retry.
    pub(in crate::runner) not_before: Option<Timestamp>,
    /// The sender delivers again by itself: a delivery that is done is not run again.
    pub(in crate::runner) sends_again: bool,
    /// The sender tells of it in two deliveries: one that was done just now is not run again.
    pub(in crate::runner) announced_twice: bool,
}

/// Hook, repository, event and ref: the newest job of these does all that an older one would. A deletion is no push.
pub(super) type SameWork = (String, Option<String>, Option<EventKind>, RefName);
/// Hook, repository, delivery id and ref.
pub(in crate::runner) type SameDelivery = (String, Option<String>, String, Option<RefName>);

impl Item {
    /// The job that `meta` describes, in `queue`.
    pub(in crate::runner) fn of(id: JobId, meta: JobMeta, queue: &str, when_newer: WhenNewer) -> Self {
        Self { queue: Self::queue(id, queue, when_newer), when_newer, ..Self::of_ended(meta) }
    }

    /// The queue in which job `id` stands: jobs that do not wait for each other have one each.
    pub(in crate::runner) fn queue(id: JobId, queue: &str, when_newer: WhenNewer) -> String {
        if when_newer == WhenNewer::Parallel { format!("{queue}/{id}") } else { queue.to_owned() }
    }

    /// The job that `meta` describes, which will not run.
    pub(in crate::runner) fn of_ended(meta: JobMeta) -> Self {
        let provider = Provider::named(&meta.provider);
        let sends_again = provider.is_some_and(Provider::sends_again);
        let announced_twice = provider.is_some_and(|provider| provider.announces_twice(&meta));
        let JobMeta { hook, event, reference, repository, after, delivery, .. } = meta;
        // Two deliveries about one ref have nothing in common but that.
        let is_of_ref = announced_twice && reference.is_some();
        let told = if event == EventKind::Released { &EventKind::Release } else { &event };
        let delivery = if is_of_ref { Some(format!("{} told twice", told.as_str())) } else { delivery };
        let event = Some(event);
        Self { hook, event, reference, repository, after, delivery, sends_again, announced_twice, ..Self::unknown() }
    }

    /// A job that says nothing of itself. Claiming it will find out what is wrong with it.
    pub(in crate::runner) fn unknown() -> Self {
        Self {
            hook: String::new(),
            queue: String::new(),
            event: None,
            reference: None,
            repository: None,
            after: None,
            delivery: None,
            when_newer: WhenNewer::Keep,
            not_before: None,
            sends_again: false,
            announced_twice: false,
        }
    }

    pub(super) fn same_work(&self) -> Option<SameWork> {
        Some((self.hook.clone(), self.repository.clone(), self.event.clone(), self.reference.clone()?))
    }

    /// The key that makes another job a repeat of this one.
    pub(in crate::runner) fn same_delivery(&self) -> Option<SameDelivery> {
        Some((self.hook.clone(), self.repository.clone(), self.delivery.clone()?, self.reference.clone()))
    }
}
