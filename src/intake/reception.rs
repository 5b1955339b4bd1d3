//! Edge. One delivery whose body is on its way: into the spool's `tmp/` and into the digests at the same time, then
//! verified, decided on and queued.

use super::handled::{Accepted, Handled, Identity};
use super::outcome;
use super::rules::{Decision, decide, unmatched};
use super::setup::Setup;
use super::{jobs, spooled_headers, too_large};
use crate::config::{Hook, HookSecret};
use crate::gateway::{Response, Upload};
use crate::model::{Delivery, Event, Head, JobMeta, Refusal, Status};
use crate::provider::{Check, Denied, Secret, Verified, again};
use crate::spool::Draft;
use crate::system::errno::words;
use jiff::Timestamp;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

/// Most jobs that one delivery becomes; each holds the whole payload.
const JOBS_LIMIT: usize = 50;

/// A delivery that is being received.
pub(super) struct Reception {
    setup: Arc<Setup>,
    /// The hook's place in the configuration.
    hook: usize,
    head: Head,
    identity: Identity,
    /// Sources of the secrets that count now, by their place in the check.
    sources: Vec<String>,
    draft: Draft,
    check: Option<Check>,
    arrived_at: Timestamp,
    /// Bytes that are still to come. Of a chunked body those that may, of which the last is one too many.
    left_bytes: u64,
}

/// A delivery whose body is in the spool's `tmp/` and whose sender is known. Only [`verify`] makes one.
struct Received<'a> {
    hook: &'a Hook,
    head: &'a Head,
    draft: Draft,
    verified: Verified,
    arrived_at: Timestamp,
}

impl Received<'_> {
    /// The job that `event` becomes.
    fn job(&self, event: Event, note: Option<String>) -> JobMeta {
        let meta = JobMeta {
            hook: self.hook.name.clone(),
            provider: self.hook.provider.name().to_owned(),
            event: event.kind,
            reference: event.reference,
            before: event.before,
            after: event.after,
            repository: event.repository,
            pusher: event.pusher,
            delivery: event.delivery,
            note,
            wish: None,
            origin: None,
            content_type: self.head.media_type(),
            headers: spooled_headers::allowed(&self.head.headers),
            arrived_at: self.arrived_at,
        };
        debug_assert_eq!(meta.impossible_member(), None, "the runner would not run it");
        meta
    }
}

impl Reception {
    /// A delivery to the hook at `hook` whose body comes next, or the answer that it is refused with.
    pub(super) fn begin(setup: Arc<Setup>, hook: usize, head: Head, identity: Identity) -> Result<Self, Response> {
        let arrived_at = Timestamp::now();
        let left_bytes = head.content_length.unwrap_or(setup.config.body_limit_bytes + 1);
        let checked = secrets(setup.hook(hook), arrived_at).map_err(|refusal| setup.secret_failed(refusal));
        let opened = checked
            .and_then(|secrets| begin_check(setup.hook(hook), &head, secrets, arrived_at))
            .and_then(|begun| Ok((begun, setup.draft()?)));
        let ((check, sources), draft) = match opened {
            Ok(opened) => opened,
            Err(refusal) => {
                let handled = Handled { hook: Some(setup.hook(hook)), identity, result: Err(refusal) };
                return Err(outcome::reply_and_log(&head, handled, &setup.traces).to_bytes());
            }
        };
        Ok(Self { setup, hook, head, identity, sources, draft, check: Some(check), arrived_at, left_bytes })
    }

    fn is_chunked(&self) -> bool {
        self.head.content_length.is_none()
    }

    /// Ping, not wanted, or a job; or why it is refused.
    fn finish(self, body: io::Result<()>) -> Response {
        let Self { setup, hook, head, mut identity, sources, draft, check, arrived_at, .. } = self;
        let hook = setup.hook(hook);
        let result = body.map_err(|error| incomplete(&error)).and_then(|()| {
            let Some((received, index)) = verify(hook, &head, draft, check, arrived_at)? else {
                return Ok(Accepted::Pong);
            };
            identity.secret = sources.into_iter().nth(index).filter(|_| hook.secrets.len() > 1);
            decide_and_append(&setup, received, &mut identity)
        });
        outcome::reply_and_log(&head, Handled { hook: Some(hook), identity, result }, &setup.traces).to_bytes()
    }
}

impl Upload for Reception {
    fn wanted_bytes(&self) -> u64 {
        self.left_bytes
    }

    fn take(&mut self, piece: &[u8]) -> Option<Response> {
        self.left_bytes = self.left_bytes.saturating_sub(piece.len() as u64);
        self.check.iter_mut().for_each(|check| check.update(piece));
        let limit_bytes = self.setup.config.body_limit_bytes;
        let refusal = match self.draft.write(piece) {
            Err(error) => self.setup.spool_failed(&error.into()),
            Ok(()) if self.is_chunked() && self.left_bytes == 0 => too_large(limit_bytes + 1, limit_bytes),
            Ok(()) => return None,
        };
        let result = Err(refusal);
        let handled = Handled { hook: Some(self.setup.hook(self.hook)), identity: self.identity.clone(), result };
        Some(outcome::reply_and_log(&self.head, handled, &self.setup.traces).to_bytes())
    }

    fn end(self: Box<Self>, body: io::Result<()>) -> Response {
        let is_whole = self.left_bytes == 0 || self.is_chunked();
        self.finish(body.and_then(|()| if is_whole { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }))
    }
}

/// The body will not be whole.
fn incomplete(error: &io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::ResourceBusy => outcome::busy(),
        ErrorKind::UnexpectedEof => {
            Refusal::new(Status::BadRequest, "incomplete body", "the sender stopped before the end of the body")
        }
        _ => Refusal::new(Status::BadRequest, "incomplete body", words(error)),
    }
}

/// The check of a hook's secrets that count now, and where each of them comes from.
fn begin_check(
    hook: &Hook,
    head: &Head,
    secrets: Vec<(&HookSecret, Secret)>,
    now: Timestamp,
) -> Result<(Check, Vec<String>), Refusal> {
    let (named, secrets): (Vec<_>, Vec<_>) = secrets.into_iter().unzip();
    let check = hook.provider.begin(head, &secrets, now).map_err(|error| outcome::denied(&error, hook, head))?;
    let sources = if hook.secrets.len() > 1 { named } else { Vec::new() };
    Ok((check, sources.iter().map(|secret| secret.source.source_name()).collect()))
}

/// Only a check that was fed the whole body passes. Beside what was received, the place of the secret that matched;
/// none for a test that the provider does not sign.
fn verify<'a>(
    hook: &'a Hook,
    head: &'a Head,
    draft: Draft,
    check: Option<Check>,
    arrived_at: Timestamp,
) -> Result<Option<(Received<'a>, usize)>, Refusal> {
    let check = check.ok_or_else(|| Refusal::new(Status::InternalError, "internal error", "checked twice"))?;
    let verified = match check.finish(&mut draft.reader()) {
        Err(Denied::UnsignedTest) => return Ok(None),
        checked => checked.map_err(|error| outcome::denied(&error, hook, head))?,
    };
    let index = verified.secret_index();
    Ok(Some((Received { hook, head, draft, verified, arrived_at }, index)))
}

/// Ping, not wanted, or a job.
fn decide_and_append(setup: &Setup, received: Received<'_>, identity: &mut Identity) -> Result<Accepted, Refusal> {
    let (hook, head) = (received.hook, received.head);
    let read = hook.provider.read(head, &received.verified, &mut received.draft.reader(), &hook.reading);
    let events = match read.map_err(|error| outcome::unreadable(&error))? {
        Delivery::Ping => return Ok(Accepted::Pong),
        Delivery::Ignored(why) => return Ok(Accepted::Ignored(vec![why])),
        Delivery::Events(events) => events,
    };
    identity.learn(&events);
    let unmatched = unmatched_by(hook, head, &received.draft)?;
    let (mut metas, mut ignored) = (Vec::new(), Vec::new());
    for event in events {
        match decide(&hook.rules, &event, unmatched.as_deref()) {
            Decision::Ignore(why) => ignored.push(why),
            Decision::Run { note } => metas.push(received.job(event, note)),
        }
    }
    match metas.len() {
        0 => Ok(Accepted::Ignored(ignored)),
        1..=JOBS_LIMIT => append(setup, received.draft, metas, ignored),
        count => {
            let reason = format!("{count} refs would each be a job, more than {JOBS_LIMIT}: push fewer at once");
            Err(Refusal::new(Status::BadRequest, "too many refs at once", reason))
        }
    }
}

fn append(setup: &Setup, draft: Draft, metas: Vec<JobMeta>, ignored: Vec<String>) -> Result<Accepted, Refusal> {
    let inbox = setup.inbox()?;
    let (jobs, result) = jobs::append_each(&inbox, draft, metas);
    let failed = result.err().map(|error| setup.spool_failed(&error));
    Ok(Accepted::Queued { jobs, ignored, failed })
}

/// The reason that `match` rejects the payload, which is read a second time only for a hook that has one.
fn unmatched_by(hook: &Hook, head: &Head, draft: &Draft) -> Result<Option<String>, Refusal> {
    if hook.rules.fields.is_empty() {
        return Ok(None);
    }
    let look = |body: &mut dyn Read| unmatched(&hook.rules.fields, &hook.provider, head, body);
    again(&mut draft.reader(), look).map_err(|error| outcome::unreadable(&error))
}

/// The hook's secrets that count now, read anew for each delivery: a rotated file needs no restart.
fn secrets(hook: &Hook, now: Timestamp) -> Result<Vec<(&HookSecret, Secret)>, Refusal> {
    let not_configured = |why: String| Refusal::new(Status::InternalError, "not configured", why);
    let secrets =
        hook.secrets_at(now).map_err(|error| not_configured(format!("secret of hook `{}`: {error}", hook.name)))?;
    if secrets.is_empty() {
        return Err(not_configured(format!("all secrets of hook `{}` have expired", hook.name)));
    }
    Ok(secrets)
}
