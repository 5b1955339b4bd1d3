//! Edge. The outcome of a request: the reply for the sender, and one log line for the operator.

use super::refusals::Refusals;
use crate::config::Hook;
use crate::model::{Head, JobId, JobMeta, Refusal, Reply, Status, echo};
use crate::provider::{Denied, Unreadable};

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
}

/// A request that was dealt with, and what is known of it for the log.
pub(super) struct Handled<'a> {
    pub(super) hook: Option<&'a Hook>,
    pub(super) identity: Identity,
    pub(super) result: Result<Accepted, Refusal>,
}

/// The one place where a delivery becomes a reply and a log line.
pub(super) fn reply_and_log(head: &Head, handled: Handled<'_>, refusals: &Refusals) -> Reply {
    let fields = LogFields {
        hook: handled.hook.map(|hook| hook.name.as_str()),
        provider: handled.hook.map(|hook| hook.provider.name()),
        delivery: handled.identity.delivery.as_deref(),
        secret: handled.identity.secret.as_deref(),
        remark: handled.hook.and_then(|hook| super::mismatch(&hook.provider, &head.headers)),
        remote: &echo(&head.remote_addr),
    };
    match handled.result {
        Ok(Accepted::Queued { jobs, ignored, failed }) => {
            fields.queued(&jobs);
            fields.ignored(&ignored);
            failed.map_or_else(
                || Reply::new(Status::Accepted, queued_text(&jobs)),
                |refusal| fields.refused(refusal, refusals),
            )
        }
        Ok(Accepted::Ignored(reasons)) => {
            fields.ignored(&reasons);
            let reasons = first_of(&reasons);
            Reply::new(Status::Ok, format!("ignored: {}", reasons.join("; ")))
        }
        Ok(Accepted::Pong) => {
            let LogFields { hook, provider, delivery, remote, .. } = fields;
            tracing::info!(event = "pong", hook, provider, delivery, remote);
            Reply::new(Status::Ok, "pong")
        }
        Err(refusal) => fields.refused(refusal, refusals),
    }
}

/// The fields that every log line about one request has.
struct LogFields<'a> {
    hook: Option<&'a str>,
    provider: Option<&'a str>,
    delivery: Option<&'a str>,
    secret: Option<&'a str>,
    /// That this looks like another provider's delivery: a warning, since the headers are the sender's to choose.
    remark: Option<String>,
    remote: &'a str,
}

impl LogFields<'_> {
    fn queued(&self, jobs: &[Queued]) {
        let Self { hook, provider, delivery, secret, remark, remote } = self;
        for Queued { id, meta } in jobs {
            let reference = meta.reference.as_ref().map(crate::model::RefName::as_str);
            let (after, note) = (meta.after.as_deref(), meta.note.as_deref());
            tracing::info!(
                event = "queued", job = %id, hook, provider, r#ref = reference, after, delivery, secret, remark, remote,
                note
            );
        }
    }

    fn ignored(&self, reasons: &[String]) {
        let Self { hook, provider, delivery, remark, remote, .. } = self;
        for reason in first_of(reasons) {
            tracing::info!(event = "ignored", hook, provider, delivery, remark, remote, reason);
        }
    }

    fn refused(&self, refusal: Refusal, refusals: &Refusals) -> Reply {
        let Self { hook, provider, delivery, remote, .. } = self;
        let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
        if refusals.admit(*hook) {
            tracing::warn!(event = "refused", status, hook, provider, delivery, remote, reason);
        }
        refusal.reply
    }
}

/// Most reasons that are told of one delivery.
const REASONS_LIMIT: usize = 20;

/// The different ones of `reasons`, as far as anybody reads them.
fn first_of(reasons: &[String]) -> Vec<String> {
    let mut different = reasons.to_vec();
    different.dedup();
    let more = different.len().saturating_sub(REASONS_LIMIT);
    different.truncate(REASONS_LIMIT);
    different.extend((more > 0).then(|| format!("{more} more refs are not wanted")));
    different
}

/// `queued <id> <id> …`.
fn queued_text(jobs: &[Queued]) -> String {
    jobs.iter().fold("queued".to_owned(), |text, job| format!("{text} {}", job.id))
}

/// A request that never became one; `shown` is what of a path may be logged.
pub(super) fn refuse_and_log(refusal: Refusal, shown: impl Fn(&str) -> String, refusals: &Refusals) -> Reply {
    let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
    let (remote, path) = refusal.origin.map(|origin| (echo(&origin.remote_addr), shown(&origin.path))).unzip();
    if refusals.admit(None) {
        tracing::warn!(event = "refused", status, remote, path, reason);
    }
    refusal.reply
}

/// The sender learns whether anything was signed; the operator learns what was wrong.
pub fn denied(denied: &Denied, hook: &Hook, head: &Head) -> Refusal {
    let (status, told) = match denied {
        Denied::Twice(_) => (Status::BadRequest, denied.sender_text()),
        Denied::Io(_) => (Status::Unavailable, UNAVAILABLE.to_owned()),
        Denied::Key { .. } => (Status::InternalError, "not configured".to_owned()),
        Denied::Absent { .. } | Denied::Empty { .. } => {
            (Status::Forbidden, denied.sender_text() + hook.provider.unsigned_types())
        }
        _ => (Status::Forbidden, denied.sender_text()),
    };
    let remark = super::mismatch(&hook.provider, &head.headers).map(|text| format!("; {text}"));
    let remark = remark.or_else(|| matches!(denied, Denied::Wrong { .. }).then(|| compare(hook)));
    Refusal::new(status, told, format!("{denied}{}", remark.unwrap_or_default()))
}

/// The way to find out which of the two it is, for a hook whose secret did not match.
fn compare(hook: &Hook) -> String {
    let sources: Vec<String> = hook.secrets.iter().map(|secret| secret.source.source_name()).collect();
    let (name, sources) = (&hook.name, sources.join(" or "));
    format!("; give the forge what is in {sources} once more, or let `hookspool explain {name}` look at the delivery")
}

/// Authentic, and not understood; or our own trouble.
pub(super) fn unreadable(unreadable: &Unreadable) -> Refusal {
    let (status, told) = match unreadable {
        Unreadable::Malformed(_) => (Status::BadRequest, "malformed payload"),
        Unreadable::Io(_) => (Status::Unavailable, UNAVAILABLE),
    };
    Refusal::new(status, told, unreadable.to_string())
}

/// Given up for other deliveries; the forge shows a failed one.
pub(super) fn busy() -> Refusal {
    Refusal::new(Status::Unavailable, "too many uploads at once", "it took longest of too many bodies on their way")
}

const UNAVAILABLE: &str = "the spool cannot take it now";

/// The spool cannot take it: the forge shows a failed delivery, and the log says what to do.
pub(super) fn unavailable(reason: String) -> Refusal {
    Refusal::new(Status::Unavailable, UNAVAILABLE, reason)
}
