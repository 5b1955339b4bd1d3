//! Edge. Orders, given: to the runner where one is alive, carried out here where none is.

use crate::cli::exit::{self, Failure};
use crate::cli::jobs::{no_spool, unreadable};
use crate::config::Config;
use crate::model::State;
use crate::runner::orders;
use crate::spool::{self, Answer, Effect, Order, PendingRequest, Request, SpoolError, SpoolOwner};
use crate::system::{identity, users};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Additional wait for each job that a release may have to queue.
const ANSWER_TIMEOUT_PER_JOB: Duration = Duration::from_millis(50);
/// Between two looks whether the lock is free: a runner may have ended without an answer.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Somebody who may give orders.
pub(super) struct Requester<'a> {
    config: &'a Config,
    by: String,
}

impl<'a> Requester<'a> {
    /// The user who started this process. Root becomes the spool's owner, so that root comes to own nothing in it.
    pub(super) fn new(config: &'a Config) -> Result<Self, Failure> {
        let by = name();
        become_owner(&config.spool)?;
        Ok(Self { config, by })
    }

    /// Gives an order, and returns what became of it.
    pub(super) fn give(&self, order: Order) -> Result<Vec<Effect>, Failure> {
        let request = Request { by: self.by.clone(), order };
        match self.carried_out(&request, self.timeout(&request))? {
            Answer::Ok(effects) => Ok(effects),
            Answer::Error(reason) => Err(Failure::new(exit::NO, reason)),
        }
    }

    /// Runners come and go meanwhile: the lock is tried again and again, and whoever has it then acts.
    fn carried_out(&self, request: &Request, timeout: Duration) -> Result<Answer, Failure> {
        let until = Instant::now() + timeout;
        let mut pending: Option<PendingRequest> = None;
        loop {
            let holder = match SpoolOwner::lock(&self.config.spool) {
                Ok(owner) => {
                    drop(pending);
                    owner.limit_payload(self.config.body_limit_bytes);
                    let answer = orders::apply_alone(self.config, &owner, request).map_err(failed);
                    // Counts are a help: an order that was carried out stays one.
                    let _ = owner.keep_tally();
                    return answer;
                }
                Err(SpoolError::Locked { pid, .. }) => pid,
                Err(error) => return Err(self.not_allowed(error)),
            };
            let placed = match pending.take() {
                Some(placed) => placed,
                None => PendingRequest::place(&self.config.spool, request).map_err(|error| self.not_allowed(error))?,
            };
            let left = until.saturating_duration_since(Instant::now());
            if let Some(answer) = placed.wait(LOCK_POLL_INTERVAL.min(left)).map_err(unreadable)? {
                return Ok(answer);
            }
            if Instant::now() >= until {
                return Err(unanswered(&placed, holder, timeout));
            }
            pending = Some(placed);
        }
    }

    /// An order of other kinds is about few jobs.
    fn timeout(&self, request: &Request) -> Duration {
        let Order::ReleaseHook { .. } = &request.order else { return ANSWER_TIMEOUT };
        let counts = spool::count(&self.config.spool).unwrap_or_default();
        let held = counts.get(&State::Held).copied().unwrap_or_default();
        ANSWER_TIMEOUT + ANSWER_TIMEOUT_PER_JOB.saturating_mul(u32::try_from(held).unwrap_or(u32::MAX))
    }

    fn not_allowed(&self, error: SpoolError) -> Failure {
        if !error.is_permission() {
            return failed(error);
        }
        let owner = std::fs::metadata(&self.config.spool).map_or(0, |metadata| metadata.uid());
        let owner = users::name_of(owner);
        let text = format!("only the spool's owner and root may give orders: `sudo -u {owner} hookspool …`");
        Failure::new(exit::NO_PERMISSION, text)
    }
}

fn failed(error: SpoolError) -> Failure {
    Failure::new(error.exit_code(), error)
}

fn unanswered(pending: &PendingRequest, holder: Option<u32>, timeout: Duration) -> Failure {
    let who = holder.map_or_else(|| "the runner".to_owned(), |pid| format!("the runner (process {pid})"));
    let fate = if pending.take_back() {
        "the order was taken back"
    } else {
        "it has taken the order, and may have carried it out"
    };
    let seconds = timeout.as_secs();
    Failure::new(
        exit::TRY_AGAIN,
        format!("{who} has not answered within {seconds} s; {fate}; `hookspool doctor` looks"),
    )
}

/// Name of the user who gives the order, for histories.
pub(super) fn name() -> String {
    let me = rustix::process::getuid();
    let behind_sudo = std::env::var("SUDO_USER").ok().filter(|name| me.is_root() && !name.is_empty());
    behind_sudo.unwrap_or_else(|| users::name_of(me.as_raw()))
}

/// Root acts as the owner of the spool at `root`; anybody else stays who they are.
pub(in crate::cli) fn become_owner(root: &Path) -> Result<(), Failure> {
    let metadata = std::fs::metadata(root).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => no_spool(root),
        _ => Failure::io(format!("cannot look at the spool {}", root.display()), &error),
    })?;
    if !rustix::process::geteuid().is_root() || metadata.uid() == 0 {
        return Ok(());
    }
    let become_them = identity::become_user(metadata.uid(), metadata.gid());
    become_them.map_err(|error| Failure::io(format!("cannot act as the owner of `{}`", root.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::probe;

    /// A spool whose lock is held, by this process, and the configuration that names it.
    fn locked(dir: &Path) -> (SpoolOwner, Config) {
        let root = dir.join("spool");
        let hook = "name = \"docs\"\nprovider = \"github\"\ndir = \"/d\"\nsecret = { env = \"S\" }\n\
                    steps = [{ shell = \"x\" }]";
        let config = probe::read(&format!("spool = \"{}\"\n[[hook]]\n{hook}\n", root.display())).unwrap();
        (SpoolOwner::lock(&root).unwrap(), config)
    }

    fn request() -> Request {
        Request { by: "ann".to_owned(), order: Order::Hold { hook: "docs".to_owned(), why: "no".to_owned() } }
    }

    fn left_in_control(config: &Config) -> usize {
        std::fs::read_dir(config.spool.join("control")).unwrap().count()
    }

    fn told(fate: &str, seconds: u64) -> String {
        let me = std::process::id();
        format!("the runner (process {me}) has not answered within {seconds} s; {fate}; `hookspool doctor` looks")
    }

    #[test]
    fn an_order_that_nobody_hears_is_taken_back_and_the_giver_is_told_so() {
        let dir = tempfile::tempdir().unwrap();
        let (_silent, config) = locked(dir.path());
        let requester = Requester { config: &config, by: "ann".to_owned() };
        let failure = requester.carried_out(&request(), Duration::ZERO).unwrap_err();
        assert_eq!((failure.code, failure.text), (exit::TRY_AGAIN, told("the order was taken back", 0)));
        assert_eq!(left_in_control(&config), 0);
    }

    #[test]
    fn of_an_order_that_was_heard_and_not_answered_nobody_says_that_it_was_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let (silent, config) = locked(dir.path());
        let pending = PendingRequest::place(&config.spool, &request()).unwrap();
        assert_eq!(silent.take_requests(jiff::Timestamp::now()).unwrap().len(), 1);
        let failure = unanswered(&pending, Some(std::process::id()), ANSWER_TIMEOUT);
        let fate = "it has taken the order, and may have carried it out";
        assert_eq!((failure.code, failure.text), (exit::TRY_AGAIN, told(fate, 30)));
        drop(pending);
        assert_eq!(left_in_control(&config), 1, "it is still there for the next runner");
    }
}
