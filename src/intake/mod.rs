//! Edge. The front half: request → verified → matched → queued. One request, one reply, one log line.

mod detect;
mod jobs;
mod outcome;
mod route;
mod rules;
mod spooled_headers;

pub use detect::{looks_like, mismatch};
pub use rules::{Decision, decide, each, short, unmatched};

use crate::config::{Config, Hook, HookSecret, is_below};
use crate::gateway::Application;
use crate::model::{Delivery, Event, Head, JobMeta, Method, Refusal, Reply, Status};
use crate::provider::{Check, Secret, Verified, again};
use crate::spool::{Draft, Inbox};
use jiff::Timestamp;
use outcome::{Accepted, Known, Taken};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// The application behind every gateway.
pub struct Intake {
    config: Config,
    /// Opened at the first delivery and again after an error: the runner may not have made the spool yet, and a
    /// directory that was replaced must not go on taking jobs.
    inbox: Mutex<Option<Arc<Inbox>>>,
    /// The document root that was found harmless last: a web server names the same one each time.
    harmless_root: Mutex<Vec<u8>>,
}

/// What a delivery may be; `cloudevents` is Harbor's other format.
const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/x-www-form-urlencoded", "application/cloudevents+json"];

/// Bytes of a body that are on their way at a time.
const COPY_BYTES: u64 = 32 * 1024;

/// A delivery whose body is in the spool's `tmp/` and whose sender is known. Only [`Intake::receive`] makes one.
struct Received<'a> {
    hook: &'a Hook,
    draft: Draft,
    verified: Verified,
    /// Which secret matched, where the hook has several.
    secret: Option<String>,
    arrived_at: Timestamp,
}

impl Received<'_> {
    /// The job that `event` becomes.
    fn job(&self, head: &Head, event: Event, note: Option<String>) -> JobMeta {
        JobMeta {
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
            content_type: head.media_type(),
            headers: spooled_headers::allowed(&head.headers),
            arrived_at: self.arrived_at,
        }
    }
}

impl Application for Intake {
    fn answer(&self, request: Result<Head, Refusal>, body: &mut dyn Read) -> Reply {
        match request {
            Ok(head) => {
                let taken = self.take(&head, body);
                outcome::reply_and_log(&head, taken)
            }
            Err(refusal) => outcome::refuse_and_log(refusal),
        }
    }
}

impl Intake {
    /// An intake for `config`. Opens nothing yet.
    pub fn new(config: Config) -> Self {
        Self { config, inbox: Mutex::new(None), harmless_root: Mutex::default() }
    }

    /// The walk, straight down.
    fn take<'a>(&'a self, head: &Head, body: &mut dyn Read) -> Taken<'a> {
        let mut known = Known { delivery: detect::delivery_id(head), secret: None };
        let hook = match self.addressed(head) {
            Ok(hook) => hook,
            Err(refusal) => return Taken { hook: None, known, result: Err(refusal) },
        };
        let result = admissible(hook, head, self.config.body_limit_bytes).and_then(|()| {
            if hook.provider.is_unsigned_test(head) {
                return Ok(Accepted::Pong);
            }
            match as_form(head) {
                Some((head, query)) => self.accept(hook, &head, &mut query.as_slice(), &mut known),
                None => self.accept(hook, head, body, &mut known),
            }
        });
        Taken { hook: Some(hook), known, result }
    }

    fn accept(&self, hook: &Hook, head: &Head, body: &mut dyn Read, known: &mut Known) -> Result<Accepted, Refusal> {
        let received = self.receive(hook, head, body)?;
        known.secret.clone_from(&received.secret);
        self.settle(head, received, &mut known.delivery)
    }

    /// The hook that the path names.
    fn addressed(&self, head: &Head) -> Result<&Hook, Refusal> {
        self.refuse_inside(head.document_root.as_deref())?;
        route::hook_for(&self.config.hooks, &head.path).ok_or_else(|| {
            let path = String::from_utf8_lossy(&head.path);
            Refusal::new(Status::NotFound, "no such hook", format!("no hook answers on `{path}`"))
        })
    }

    /// A configuration or spool that the web server could hand out is worth more to an attacker than a job.
    fn refuse_inside(&self, document_root: Option<&[u8]>) -> Result<(), Refusal> {
        let Some(bytes) = document_root else { return Ok(()) };
        let mut harmless = self.harmless_root.lock().unwrap_or_else(PoisonError::into_inner);
        if *harmless == bytes {
            return Ok(());
        }
        let root = std::path::Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes));
        for path in [&self.config.file, &self.config.spool] {
            if is_below(path, root) {
                let reason = format!(
                    "`{}` lies below the document root `{}`; move it where the web server serves nothing",
                    path.display(),
                    root.display()
                );
                return Err(Refusal::new(Status::InternalError, "not configured", reason));
            }
        }
        bytes.clone_into(&mut harmless);
        Ok(())
    }

    /// Streams the body into the spool's `tmp/` and into the digests at the same time.
    fn receive<'a>(&self, hook: &'a Hook, head: &Head, body: &mut dyn Read) -> Result<Received<'a>, Refusal> {
        let arrived_at = Timestamp::now();
        let (named, secrets): (Vec<_>, Vec<_>) = secrets(hook, arrived_at)?.into_iter().unzip();
        let denied = |error| outcome::denied(&error, hook, head);
        let mut check = hook.provider.begin(head, &secrets, arrived_at).map_err(denied)?;
        let mut draft = self.inbox()?.draft().map_err(|error| self.spool_failed(&error))?;
        let room = usize::try_from(head.content_length.min(COPY_BYTES)).unwrap_or(0).max(1);
        self.copy(body, &mut vec![0; room], &mut draft, &mut check)?;
        let verified = check.finish(&mut draft.reader()).map_err(denied)?;
        let secret = named.get(verified.secret_index()).filter(|_| hook.secrets.len() > 1);
        let secret = secret.map(|secret| secret.source.source_name());
        Ok(Received { hook, draft, verified, secret, arrived_at })
    }

    fn copy(
        &self,
        body: &mut dyn Read,
        buffer: &mut [u8],
        draft: &mut Draft,
        check: &mut Check,
    ) -> Result<(), Refusal> {
        loop {
            let bytes = match body.read(buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => &buffer[..n],
                Err(error) => return Err(Refusal::new(Status::BadRequest, "incomplete body", error.to_string())),
            };
            check.update(bytes);
            draft.write(bytes).map_err(|error| self.spool_failed(&error))?;
        }
    }

    /// Ping, not wanted, or a job.
    fn settle(&self, head: &Head, received: Received<'_>, delivery: &mut Option<String>) -> Result<Accepted, Refusal> {
        let provider = &received.hook.provider;
        let read =
            provider.read(head, &received.verified, &mut received.draft.reader(), received.hook.rules.paths.is_some());
        let events = match read.map_err(|error| outcome::unreadable(&error))? {
            Delivery::Ping => return Ok(Accepted::Pong),
            Delivery::Ignored(why) => return Ok(Accepted::Ignored(vec![why])),
            Delivery::Events(events) => events,
        };
        *delivery = events.first().and_then(|event| event.delivery.clone()).or(delivery.take());
        let unmatched = unmatched_by(received.hook, head, &received.draft)?;
        let (mut metas, mut ignored) = (Vec::new(), Vec::new());
        for event in events {
            match decide(&received.hook.rules, &event, unmatched.as_deref()) {
                Decision::Ignore(why) => ignored.push(why),
                Decision::Run { note } => metas.push(received.job(head, event, note)),
            }
        }
        if metas.is_empty() { Ok(Accepted::Ignored(ignored)) } else { self.append(received.draft, metas, ignored) }
    }

    fn append(&self, draft: Draft, metas: Vec<JobMeta>, ignored: Vec<String>) -> Result<Accepted, Refusal> {
        let inbox = self.inbox()?;
        let (jobs, result) = jobs::append_each(&inbox, draft, metas);
        let failed = result.err().map(|error| self.spool_failed(&error));
        Ok(Accepted::Queued { jobs, ignored, failed })
    }

    fn inbox(&self) -> Result<Arc<Inbox>, Refusal> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*inbox {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(Inbox::open(&self.config.spool).map_err(|error| outcome::unavailable(&error))?);
        *inbox = Some(Arc::clone(&open));
        Ok(open)
    }

    fn spool_failed(&self, error: &impl std::fmt::Display) -> Refusal {
        *self.inbox.lock().unwrap_or_else(PoisonError::into_inner) = None;
        outcome::unavailable(error)
    }
}

/// What can be refused without reading the body or knowing a secret.
pub fn admissible(hook: &Hook, head: &Head, limit_bytes: u64) -> Result<(), Refusal> {
    match (head.method, hook.allow_get) {
        (Method::Post, _) => {}
        (Method::Get, true) => return Ok(()),
        (_, true) => {
            let (status, told) = (Status::MethodNotAllowed("GET, POST"), "only GET and POST deliver");
            return Err(Refusal::new(status, told, "neither a GET nor a POST"));
        }
        (_, false) => {
            return Err(Refusal::new(Status::MethodNotAllowed("POST"), "only POST delivers", "not a POST"));
        }
    }
    if head.content_length > limit_bytes {
        let reason = format!("{} bytes are more than `body_limit`, {limit_bytes} bytes", head.content_length);
        return Err(Refusal::new(Status::PayloadTooLarge, "payload too large", reason));
    }
    if !MEDIA_TYPES.contains(&head.media_type().as_str()) {
        let reason = format!("content type `{}`; choose JSON in the forge", head.content_type);
        return Err(Refusal::new(Status::UnsupportedMediaType, "send JSON or a form", reason));
    }
    Ok(())
}

/// A GET as the POST of the form that its query is, and that form; `None` for a POST.
pub fn as_form(head: &Head) -> Option<(Head, Vec<u8>)> {
    if head.method != Method::Get {
        return None;
    }
    let query = head.query.clone();
    let content_type = "application/x-www-form-urlencoded".to_owned();
    let head = Head { method: Method::Post, content_type, content_length: query.len() as u64, ..head.clone() };
    Some((head, query))
}

/// Why `match` does not want the payload, which is looked at a second time only for a hook that has one.
fn unmatched_by(hook: &Hook, head: &Head, draft: &Draft) -> Result<Option<String>, Refusal> {
    if hook.rules.fields.is_empty() {
        return Ok(None);
    }
    let look = |body: &mut dyn Read| unmatched(&hook.rules.fields, hook.provider.document(head.is_form(), body));
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
