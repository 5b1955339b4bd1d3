//! Edge. A job, explained from its file by the configuration of today.

use super::explanation::{Explanation, Signature};
use super::{begun, request, tell_events};
use crate::cli::exit::{self, Failure};
use crate::cli::jobs;
use crate::config::Config;
use crate::spool;
use std::io::Read;

/// A job's delivery was found genuine before it was queued, and its file is sealed; its signature is not kept.
pub(super) fn explain_job(config: &Config, text: &str) -> Result<Explanation, Failure> {
    let id = match jobs::find(&config.spool, text) {
        Ok(id) => id,
        Err(failure) => return Err(no_subject(config, text, failure)),
    };
    let gone = || jobs::no_such(text);
    let shown = spool::show(&config.spool, id).map_err(jobs::unreadable)?.ok_or_else(gone)?;
    let damaged = || Failure::new(exit::NO, format!("the file of job {id} is damaged; `hookspool show {id}` says why"));
    let meta = shown.meta.as_ref().ok_or_else(damaged)?;
    let hook = config.hook(&meta.hook).ok_or_else(|| {
        let why = format!("hook `{}` is gone from the configuration: the runner puts job {id} on hold", meta.hook);
        Failure::new(exit::NO, why)
    })?;
    let mut body = Vec::new();
    let payload = spool::payload(&config.spool, id).map_err(jobs::unreadable)?.ok_or_else(gone)?;
    payload
        .take(config.body_limit_bytes)
        .read_to_end(&mut body)
        .map_err(|error| Failure::io("cannot read the payload", &error))?;
    let headers = meta.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let head = request::head(headers, meta.content_type.clone(), body.len());
    let mut explanation = begun(hook, &head, Vec::new());
    let outcome = shown.view.outcome.map(|outcome| format!(", {}", outcome.as_str())).unwrap_or_default();
    explanation.job = Some(format!("{id}, {}{outcome}", shown.view.state.as_str()));
    explanation.signature = Signature {
        ok: true,
        signed: hook.provider.signed_part(&head),
        says: format!("verified at {}, before the job was queued; the signature is not stored", meta.arrived_at),
        findings: Vec::new(),
    };
    tell_events(&mut explanation, hook, &head, &body, |event| {
        event.reference == meta.reference && event.kind == meta.event
    });
    Ok(explanation.with_plan_of(hook))
}

/// The text is neither a hook nor a job.
fn no_subject(config: &Config, text: &str, failure: Failure) -> Failure {
    if failure.code != exit::NO {
        return failure;
    }
    Failure::new(exit::USAGE, jobs::no_hook_and_no_job(config, text))
}
