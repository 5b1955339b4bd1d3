//! Edge. What became of a request: the reply for the sender, and one log line for the operator.

use crate::config::Hook;
use crate::model::{Head, JobId, JobMeta, Refusal, Reply, Status};
use crate::provider::{Denied, Malformed};

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

/// What became of one request, with what is known for the log.
pub(super) struct Taken<'a> {
    pub(super) hook: Option<&'a Hook>,
    pub(super) delivery: Option<String>,
    pub(super) result: Result<Accepted, Refusal>,
}

/// The one place where a delivery becomes a reply and a log line.
pub(super) fn reply_and_log(head: &Head, taken: Taken<'_>) -> Reply {
    let about = About {
        hook: taken.hook.map(|hook| hook.name.as_str()),
        provider: taken.hook.map(|hook| hook.provider.name()),
        delivery: taken.delivery.as_deref(),
        remote: head.remote_addr.as_str(),
    };
    match taken.result {
        Ok(Accepted::Queued { jobs, ignored, failed }) => {
            about.queued(&jobs);
            about.ignored(&ignored);
            failed.map_or_else(|| Reply::new(Status::Accepted, queued_text(&jobs)), |refusal| about.refused(refusal))
        }
        Ok(Accepted::Ignored(mut reasons)) => {
            about.ignored(&reasons);
            reasons.dedup();
            Reply::new(Status::Ok, format!("ignored: {}", reasons.join("; ")))
        }
        Ok(Accepted::Pong) => {
            let About { hook, provider, delivery, remote } = about;
            tracing::info!(event = "pong", hook, provider, delivery, remote);
            Reply::new(Status::Ok, "pong")
        }
        Err(refusal) => about.refused(refusal),
    }
}

/// What every log line about one request says.
struct About<'a> {
    hook: Option<&'a str>,
    provider: Option<&'a str>,
    delivery: Option<&'a str>,
    remote: &'a str,
}

impl About<'_> {
    fn queued(&self, jobs: &[Queued]) {
        let Self { hook, provider, delivery, remote } = self;
        for Queued { id, meta } in jobs {
            let reference = meta.reference.as_ref().map(crate::model::RefName::as_str);
            let (after, note) = (meta.after.as_deref(), meta.note.as_deref());
            tracing::info!(event = "queued", job = %id, hook, provider, r#ref = reference, after, delivery, remote, note);
        }
    }

    fn ignored(&self, reasons: &[String]) {
        let Self { hook, provider, delivery, remote } = self;
        for reason in reasons {
            tracing::info!(event = "ignored", hook, provider, delivery, remote, reason);
        }
    }

    fn refused(&self, refusal: Refusal) -> Reply {
        let Self { hook, provider, delivery, remote } = self;
        let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
        tracing::warn!(event = "refused", status, hook, provider, delivery, remote, reason);
        refusal.reply
    }
}

/// `queued <id> <id> …`.
fn queued_text(jobs: &[Queued]) -> String {
    jobs.iter().fold("queued".to_owned(), |text, job| format!("{text} {}", job.id))
}

/// A request that never became one.
pub(super) fn refuse_and_log(refusal: Refusal) -> Reply {
    let (status, reason) = (refusal.reply.status.line().0, refusal.reason);
    let (remote, path) = refusal.origin.map(|origin| (origin.remote_addr, origin.path)).unzip();
    tracing::warn!(event = "refused", status, remote, path, reason);
    refusal.reply
}

/// The sender learns only that it is not let in; the operator learns what was wrong.
pub(super) fn denied(denied: &Denied, hook: &Hook, head: &Head) -> Refusal {
    let status = match denied {
        Denied::Twice(_) => Status::BadRequest,
        _ => Status::Forbidden,
    };
    let remark = super::mismatch(hook.provider.name(), &head.headers).map(|text| format!("; {text}"));
    Refusal::new(status, denied.sender_text(), format!("{denied}{}", remark.unwrap_or_default()))
}

/// Authentic, and not to be understood.
pub(super) fn malformed(malformed: &Malformed) -> Refusal {
    Refusal::new(Status::BadRequest, "malformed payload", malformed.to_string())
}

/// The spool cannot take it: the forge shows a failed delivery, and the log says what to do.
pub(super) fn unavailable(error: &impl std::fmt::Display) -> Refusal {
    Refusal::new(Status::Unavailable, "the spool cannot take it now", error.to_string())
}
