//! Edge. The outcome of a request: the reply for the sender, and one log line for the operator.

use super::handled::{Accepted, Handled, Queued};
use super::traces::Traces;
use crate::config::Hook;
use crate::model::{Head, Refusal, Reply, Status, echo};
use crate::provider::{Denied, Unreadable};

/// The one place where a delivery becomes a reply and a log line.
pub(super) fn reply_and_log(head: &Head, handled: Handled<'_>, traces: &Traces) -> Reply {
    let ignored = match &handled.result {
        Ok(Accepted::Queued { ignored, .. } | Accepted::Ignored(ignored)) => first_of(ignored).join("; "),
        _ => String::new(),
    };
    traces.note(head, &handled, Some(ignored.clone()).filter(|text| !text.is_empty()));
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
                |refusal| fields.refused(refusal, traces),
            )
        }
        Ok(Accepted::Ignored(reasons)) => {
            fields.ignored(&reasons);
            Reply::new(Status::Ok, format!("ignored: {ignored}"))
        }
        Ok(Accepted::Pong) => {
            let LogFields { hook, provider, delivery, remote, .. } = fields;
            tracing::info!(event = "pong", hook, provider, delivery, remote);
            Reply::new(Status::Ok, "pong")
        }
        Err(refusal) => fields.refused(refusal, traces),
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

    fn refused(&self, refusal: Refusal, traces: &Traces) -> Reply {
        let Self { hook, provider, delivery, remote, .. } = self;
        let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
        if traces.refusals.admit(*hook) {
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

/// A request that never became one, though its path may name a hook; `shown` is what of a path may be logged.
pub(super) fn refuse_and_log(
    refusal: Refusal,
    hook: Option<&str>,
    shown: impl Fn(&str) -> String,
    traces: &Traces,
) -> Reply {
    let (remote, path) = refusal.origin.as_ref().map(|origin| (echo(&origin.remote_addr), shown(&origin.path))).unzip();
    traces.note_refusal(hook, &refusal, remote.as_deref());
    let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
    if traces.refusals.admit(None) {
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
