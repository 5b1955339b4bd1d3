//! Edge. What became of a request: the reply for the sender, and one log line for the operator.

use crate::config::Hook;
use crate::model::{Head, JobId, JobMeta, Refusal, Reply, Status};
use crate::provider::Denied;
use crate::spool::SpoolError;

/// An authentic delivery, dealt with.
pub(super) enum Accepted {
    Queued { id: JobId, meta: Box<JobMeta> },
    Ignored(String),
    Pong,
}

/// What became of one request, with what is known for the log.
pub(super) struct Taken<'a> {
    pub(super) hook: Option<&'a Hook>,
    pub(super) delivery: Option<String>,
    pub(super) result: Result<Accepted, Refusal>,
}

/// The one place where a delivery becomes a reply and a log line.
pub(super) fn reply_and_log(head: &Head, taken: Taken<'_>) -> Reply {
    let hook = taken.hook.map(|hook| hook.name.as_str());
    let provider = taken.hook.map(|hook| hook.provider.name());
    let remote = head.remote_addr.as_str();
    let delivery = taken.delivery.as_deref();
    match taken.result {
        Ok(Accepted::Queued { id, meta }) => {
            let reference = meta.reference.as_ref().map(crate::model::RefName::as_str);
            let (after, note) = (meta.after.as_deref(), meta.note.as_deref());
            tracing::info!(event = "queued", job = %id, hook, provider, r#ref = reference, after, delivery, remote, note);
            Reply::new(Status::Accepted, format!("queued {id}"))
        }
        Ok(Accepted::Ignored(reason)) => {
            tracing::info!(event = "ignored", hook, provider, delivery, remote, reason);
            Reply::new(Status::Ok, format!("ignored: {reason}"))
        }
        Ok(Accepted::Pong) => {
            tracing::info!(event = "pong", hook, provider, remote);
            Reply::new(Status::Ok, "pong")
        }
        Err(refusal) => {
            let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
            tracing::warn!(event = "refused", status, hook, provider, delivery, remote, reason);
            refusal.reply
        }
    }
}

/// A request that never became one.
pub(super) fn refuse_and_log(refusal: Refusal) -> Reply {
    let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
    tracing::warn!(event = "refused", status, reason);
    refusal.reply
}

/// The sender learns only that it is not let in; the operator learns what was wrong.
pub(super) fn denied(denied: &Denied) -> Refusal {
    let status = match denied {
        Denied::Twice(_) => Status::BadRequest,
        _ => Status::Forbidden,
    };
    Refusal::new(status, denied.sender_text(), denied.to_string())
}

/// The spool cannot take it: the forge shows a failed delivery, and the log says what to do.
pub(super) fn unavailable(error: &SpoolError) -> Refusal {
    Refusal::new(Status::Unavailable, "the spool cannot take it now", error.to_string())
}
