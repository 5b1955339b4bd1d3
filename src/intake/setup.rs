//! Edge. The basis on which deliveries are judged: one configuration, and the spool that it names.

use super::confinement::Confinement;
use super::jobs::AppendError;
use super::outcome;
use super::route;
use super::traces::Traces;
use crate::config::{Config, Hook, SecretSource, is_below};
use crate::model::{Head, Refusal, Status};
use crate::spool::{Draft, Inbox, remedy_of_closed};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A configuration in use. A delivery keeps the one that it began with.
pub(super) struct Setup {
    pub(super) config: Config,
    /// Opened at the first delivery and again after an error: the runner may not have made the spool yet, and a
    /// directory that was replaced must not go on taking jobs.
    inbox: Mutex<Option<Arc<Inbox>>>,
    /// The document root that was found harmless last: a web server names the same one each time.
    harmless_root: Mutex<Vec<u8>>,
    pub(super) traces: Traces,
    confinement: Arc<Confinement>,
}

impl Setup {
    /// `stays`: for more than one request.
    pub(super) fn new(config: Config, stays: bool, confinement: Arc<Confinement>) -> Self {
        let traces = Traces::of(&config.spool, stays);
        Self { config, inbox: Mutex::new(None), harmless_root: Mutex::default(), traces, confinement }
    }

    /// The hook that the path names, by its place in the configuration.
    pub(super) fn addressed(&self, head: &Head) -> Result<usize, Refusal> {
        self.refuse_inside(head.document_root.as_deref())?;
        let hooks = &self.config.hooks;
        let found = route::hook_for(hooks, &head.path);
        found.and_then(|found| hooks.iter().position(|hook| std::ptr::eq(hook, found))).ok_or_else(|| {
            let path = route::shown(hooks, &String::from_utf8_lossy(&head.path));
            let stale = self.config.stale().map(|stale| format!("; {stale}")).unwrap_or_default();
            Refusal::new(Status::NotFound, "no such hook", format!("no hook answers on `{path}`{stale}"))
        })
    }

    pub(super) fn hook(&self, index: usize) -> &Hook {
        &self.config.hooks[index]
    }

    /// A configuration, spool or secret that the web server could hand out is worth more to an attacker than a job.
    fn refuse_inside(&self, document_root: Option<&[u8]>) -> Result<(), Refusal> {
        let Some(bytes) = document_root else { return Ok(()) };
        let mut harmless = self.harmless_root.lock().unwrap_or_else(PoisonError::into_inner);
        if *harmless == bytes {
            return Ok(());
        }
        let root = Path::new(OsStr::from_bytes(bytes));
        if let Some(path) = self.guarded_paths().find(|path| is_below(path, root)) {
            let reason = format!(
                "`{}` lies below the document root `{}`; move it where the web server serves nothing",
                path.display(),
                root.display()
            );
            return Err(Refusal::new(Status::InternalError, "not configured", reason));
        }
        bytes.clone_into(&mut harmless);
        Ok(())
    }

    fn guarded_paths(&self) -> impl Iterator<Item = &Path> {
        let sources = self.config.hooks.iter().flat_map(|hook| &hook.secrets).map(|secret| &secret.source);
        let secrets = sources.filter_map(|source| match source {
            SecretSource::File(path) => Some(path.as_path()),
            SecretSource::Env(_) | SecretSource::Credential(_) => None,
        });
        [self.config.file.as_path(), &self.config.spool].into_iter().chain(secrets)
    }

    pub(super) fn inbox(&self) -> Result<Arc<Inbox>, Refusal> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = inbox.as_ref().filter(|open| open.check_in_place().is_ok()) {
            return Ok(Arc::clone(open));
        }
        let open = Inbox::open(&self.config.spool).map_err(|error| {
            self.confinement.heed();
            outcome::unavailable(self.with_remedy(&error.into()))
        })?;
        let open = Arc::new(open);
        *inbox = Some(Arc::clone(&open));
        Ok(open)
    }

    /// The beginning of a job.
    pub(super) fn draft(&self) -> Result<Draft, Refusal> {
        self.inbox()?.draft().map_err(|error| self.spool_failed(&error.into()))
    }

    pub(super) fn spool_failed(&self, error: &AppendError) -> Refusal {
        *self.inbox.lock().unwrap_or_else(PoisonError::into_inner) = None;
        outcome::unavailable(self.with_remedy(error))
    }

    /// Refuses for as long as this process has to be started again to read a secret.
    pub(super) fn secret_failed(&self, refusal: Refusal) -> Refusal {
        if self.confinement.heed() { outcome::unavailable(refusal.reason) } else { refusal }
    }

    /// The error, and what lets this user in where it is kept out.
    fn with_remedy(&self, error: &AppendError) -> String {
        let AppendError::Spool(of_spool) = error else { return error.to_string() };
        if self.confinement.is_outgrown() {
            return format!("{error}: something else lies there since this receiver began, which has to start again");
        }
        let found = || remedy_of_closed(of_spool);
        let remedy = self.confinement.remedy_of_closed().filter(|_| of_spool.is_permission()).map(str::to_owned);
        remedy.or_else(found).map_or_else(|| error.to_string(), |remedy| format!("{error}: {remedy}"))
    }
}
