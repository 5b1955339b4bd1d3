//! Edge. The traces that requests leave: a line in the log, and a place in the spool's rings.

use super::handled::{Accepted, Handled};
use super::refusals::Refusals;
use crate::model::{Head, Refusal};
use crate::spool::{DeliveryResult, SeenDelivery, SeenRings};
use jiff::Timestamp;
use std::path::Path;

/// The traces of one configuration's deliveries.
#[derive(Debug)]
pub(super) struct Traces {
    pub(super) refusals: Refusals,
    rings: SeenRings,
}

impl Traces {
    /// Those in the spool at `root`; `stays`: this process answers more than one request.
    pub(super) fn of(root: &Path, stays: bool) -> Self {
        let rings = if stays { SeenRings::in_background(root) } else { SeenRings::of(root) };
        Self { refusals: Refusals::default(), rings }
    }

    /// Notes a request that was dealt with. `ignored` is the sentence about what was not wanted.
    pub(super) fn note(&self, head: &Head, handled: &Handled<'_>, ignored: Option<String>) {
        let identity = &handled.identity;
        let seen = of_result(&handled.result, ignored);
        let seen = SeenDelivery {
            delivery: identity.delivery.clone(),
            event: identity.event.clone(),
            reference: identity.reference.as_ref().map(|reference| reference.as_str().to_owned()),
            remote: Some(head.remote_addr.clone()),
            ..seen
        };
        self.rings.note(handled.hook.map(|hook| hook.name.as_str()), seen);
    }

    /// Notes a request that never became one.
    pub(super) fn note_refusal(&self, hook: Option<&str>, refusal: &Refusal, remote: Option<&str>) {
        self.rings.note(hook, SeenDelivery { remote: remote.map(str::to_owned), ..of_refusal(refusal) });
    }

    /// Notes a request that a gateway refused by itself.
    pub(super) fn note_malformed(&self, why: &str) {
        let seen = SeenDelivery::new(Timestamp::now(), DeliveryResult::RefusedMalformed, None);
        self.rings
            .note(None, SeenDelivery { told: "malformed request".to_owned(), reason: Some(why.to_owned()), ..seen });
    }
}

fn of_result(result: &Result<Accepted, Refusal>, ignored: Option<String>) -> SeenDelivery {
    let seen = |result, status| SeenDelivery::new(Timestamp::now(), result, Some(status));
    match result {
        Ok(Accepted::Queued { jobs, failed, .. }) => {
            let seen = failed
                .as_ref()
                .map_or_else(|| SeenDelivery { reason: ignored, ..seen(DeliveryResult::Queued, 202) }, of_refusal);
            let count = u8::try_from(jobs.len()).unwrap_or(u8::MAX);
            SeenDelivery { job: jobs.first().map(|job| job.id), jobs: count, ..seen }
        }
        Ok(Accepted::Ignored(_)) => {
            SeenDelivery { told: ignored.unwrap_or_default(), ..seen(DeliveryResult::Ignored, 200) }
        }
        Ok(Accepted::Pong) => seen(DeliveryResult::Pong, 200),
        Err(refusal) => of_refusal(refusal),
    }
}

fn of_refusal(refusal: &Refusal) -> SeenDelivery {
    let (status, reply) = (refusal.reply.status, &refusal.reply);
    SeenDelivery {
        told: reply.text.clone(),
        reason: Some(refusal.reason.clone()),
        ..SeenDelivery::new(Timestamp::now(), DeliveryResult::of_refusal(status), Some(status.line().0))
    }
}
