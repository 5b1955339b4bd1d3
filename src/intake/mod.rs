//! Edge. The front half: request → verified → matched → queued. One request, one reply, one log line.

mod confinement;
mod detect;
mod handled;
mod jobs;
mod outcome;
mod reception;
mod refusals;
mod route;
mod rules;
mod setup;
mod spooled_headers;
mod traces;

pub use confinement::{Confinement, Stay, Unconfined};
pub use detect::{looks_like, mismatch};
pub use outcome::denied;
pub use rules::{Decision, decide, each, short, unmatched};

use crate::config::{Config, Hook};
use crate::gateway::{Begun, Handler, Params, Response, Upload, head};
use crate::model::{Head, Method, Refusal, Status, echo};
use handled::{Accepted, Handled, Identity};
use reception::Reception;
use setup::Setup;
use std::sync::{Arc, Mutex, PoisonError};

/// The handler behind every gateway.
pub struct Intake {
    setup: Mutex<Arc<Setup>>,
    stays: bool,
    confinement: Arc<Confinement>,
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Handler for Intake {
    fn begin(&self, params: &Params) -> Begun {
        let setup = self.setup();
        match head(params) {
            Ok(head) => begin(&setup, head),
            Err(refusal) => {
                let hooks = &setup.config.hooks;
                let path = refusal.origin.as_ref().map(|origin| origin.path.clone()).unwrap_or_default();
                let hook = route::hook_for(hooks, path.as_bytes()).map(|hook| hook.name.as_str());
                let shown = |path: &str| route::shown(hooks, path);
                Begun::Answered(outcome::refuse_and_log(refusal, hook, shown, &setup.traces).to_bytes())
            }
        }
    }
}

impl Intake {
    /// An intake for `config` and one request, in this sandbox. Opens nothing yet.
    pub fn new(config: Config, confinement: Confinement) -> Self {
        Self::with(config, false, Arc::new(confinement))
    }

    /// The same for a process that stays.
    pub fn that_stays(config: Config, confinement: Arc<Confinement>) -> Self {
        Self::with(config, true, confinement)
    }

    fn with(config: Config, stays: bool, confinement: Arc<Confinement>) -> Self {
        let setup = Setup::new(config, stays, Arc::clone(&confinement));
        Self { setup: Mutex::new(Arc::new(setup)), stays, confinement }
    }

    /// Judges by `config` what begins from now on.
    pub fn replace(&self, config: Config) {
        let setup = Setup::new(config, self.stays, Arc::clone(&self.confinement));
        *self.setup.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(setup);
    }

    /// Notes a request that a gateway refused before anybody could tell for which hook it was.
    pub fn note_malformed(&self, why: &str) {
        self.setup().traces.note_malformed(why);
    }

    fn setup(&self) -> Arc<Setup> {
        Arc::clone(&self.setup.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The walk, straight down, as far as it goes without the body; [`Reception`] goes on with it.
fn begin(setup: &Arc<Setup>, head: Head) -> Begun {
    let addressed = setup.addressed(&head);
    let provider = addressed.as_ref().ok().map(|index| &setup.hook(*index).provider);
    let identity = Identity { delivery: detect::delivery_id(&head, provider), ..Identity::default() };
    let index = match addressed {
        Ok(index) => index,
        Err(refusal) => return answered(setup, &head, Handled { hook: None, identity, result: Err(refusal) }),
    };
    let hook = setup.hook(index);
    if let Err(refusal) = admissible(hook, &head, setup.config.body_limit_bytes) {
        return answered(setup, &head, Handled { hook: Some(hook), identity, result: Err(refusal) });
    }
    if hook.provider.is_unsigned_test(&head) {
        return answered(setup, &head, Handled { hook: Some(hook), identity, result: Ok(Accepted::Pong) });
    }
    let (head, query) = match as_form(&head) {
        Some((posted, query)) => (posted, Some(query)),
        None => (head, None),
    };
    match (Reception::begin(Arc::clone(setup), index, head, identity), query) {
        (Err(answer), _) => Begun::Answered(answer),
        (Ok(reception), Some(query)) => Begun::Answered(whole(reception, &query)),
        (Ok(reception), None) => Begun::Upload(Box::new(reception)),
    }
}

fn answered(setup: &Setup, head: &Head, handled: Handled<'_>) -> Begun {
    Begun::Answered(outcome::reply_and_log(head, handled, &setup.traces).to_bytes())
}

/// Takes a body that is there already.
fn whole(mut reception: Reception, body: &[u8]) -> Response {
    let early = (!body.is_empty()).then(|| reception.take(body)).flatten();
    early.unwrap_or_else(|| Box::new(reception).end(Ok(())))
}

/// Refuses all that can be refused without reading the body or knowing a secret.
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
    if let Some(bytes) = head.content_length.filter(|bytes| *bytes > limit_bytes) {
        return Err(too_large(bytes, limit_bytes));
    }
    if let Some(encoding) = compressed_by(head) {
        let told = format!("send the body without `Content-Encoding: {}`", echo(&encoding));
        let reason = format!("`Content-Encoding: {}`: let the sender not compress the body", echo(&encoding));
        return Err(Refusal::new(Status::UnsupportedMediaType, told, reason));
    }
    if !head.is_json() && !head.is_form() && !hook.provider.takes_any_body() {
        let reason = format!("content type `{}`; choose JSON in the forge", echo(&head.content_type));
        return Err(Refusal::new(Status::UnsupportedMediaType, "send JSON or a form", reason));
    }
    Ok(())
}

/// A body of `bytes` or more is longer than allowed.
fn too_large(bytes: u64, limit_bytes: u64) -> Refusal {
    let reason = format!("{bytes} bytes are more than `body_limit`, {limit_bytes} bytes");
    Refusal::new(Status::PayloadTooLarge, "payload too large", reason)
}

/// The content encoding of a body that is not sent as it is: nobody says whether it was signed before or after.
fn compressed_by(head: &Head) -> Option<String> {
    let encoding = String::from_utf8_lossy(head.headers.first("content-encoding")?).into_owned();
    (!encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")).then_some(encoding)
}

/// A GET as the POST of the form that its query is, and that form; `None` for a POST.
pub fn as_form(head: &Head) -> Option<(Head, Vec<u8>)> {
    if head.method != Method::Get {
        return None;
    }
    let query = head.query.clone();
    let content_type = FORM.to_owned();
    let head = Head { method: Method::Post, content_type, content_length: Some(query.len() as u64), ..head.clone() };
    Some((head, query))
}
