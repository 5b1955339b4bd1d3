//! Edge. Asks the remote of a hook, with a time-out and without prompts.

use crate::config::Config;
use crate::model::{EventKind, JobId, JobMeta};
use crate::runner::log::JobLog;
use crate::runner::steps::{Control, JobFacts, RemoteHead, remote_heads};
use crate::system::stop::Stop;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Nobody reads what git says here.
const NOWHERE: &str = "/dev/null";

/// A remote's answer.
#[derive(Debug)]
pub(in crate::runner) struct RemoteAnswer {
    pub(in crate::runner) hook: String,
    /// The wanted branches that it has; or why there is no answer.
    pub(in crate::runner) heads: Result<Vec<RemoteHead>, String>,
}

/// Asks for the branches that `hook` wants, until `halted`.
pub(in crate::runner) fn ask(config: &Config, hook: String, halted: &Stop) -> RemoteAnswer {
    let heads = heads(config, &hook, halted);
    RemoteAnswer { hook, heads }
}

fn heads(config: &Config, hook: &str, halted: &Stop) -> Result<Vec<RemoteHead>, String> {
    let hook = config.hook(hook).ok_or("the hook is gone")?;
    let control = Control { alone: false, ..Control::new(halted, Duration::ZERO) };
    let mut log = JobLog::open(NOWHERE.as_ref()).map_err(|error| error.to_string())?;
    let facts = JobFacts {
        job: JobId::new(0, 0).ok_or("no id")?,
        meta: JobMeta::new(&hook.name, JobMeta::RECONCILE, EventKind::Push, Timestamp::now()),
        deployed: None,
        attempt: 0,
        payload: PathBuf::from(NOWHERE),
        log: PathBuf::from(NOWHERE),
        spool: config.spool.clone(),
        closed: config.closed_to(hook),
    };
    let wanted = |branch: &str| hook.rules.branches.as_ref().map(|globs| globs.is_match(branch));
    remote_heads(&hook.plan, &facts, &mut log, &control, TIMEOUT, &wanted)
}
