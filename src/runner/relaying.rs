//! Edge. Jobs for other hosts: noted before they leave `queued/`, and handed to the relay.

use super::jobs::Jobs;
use super::unwanted;
use crate::model::{JobId, JobMeta, Outcome, State};
use crate::spool::{RelayDir, Settlement, SpoolError};
use std::collections::BTreeSet;

#[cfg(feature = "relay")]
pub(super) use crate::relay::Relay;
#[cfg(not(feature = "relay"))]
pub(super) use absent::NoRelay as Relay;

/// Notes durably which other hosts are to get these jobs, which are in `queued/`: before that none of them may leave
/// it. Again is as good as once. One that was further on before has been noted.
pub(super) fn mark(jobs: &Jobs<'_>, ids: &[JobId]) -> Result<(), SpoolError> {
    let config = &jobs.config;
    if config.relay.is_none() || config.hooks.iter().all(|hook| hook.hosts.is_empty()) {
        return Ok(());
    }
    let mut marks = BTreeSet::new();
    for &id in ids.iter().filter(|id| !jobs.backlog.contains(**id)) {
        let Some((meta, history)) = jobs.owner.look(id, State::Queued) else { continue };
        if history.entries().is_empty() {
            marks.extend(others(jobs, &meta).into_iter().map(|host| (host, id)));
        }
    }
    if marks.is_empty() {
        return Ok(());
    }
    let dir = RelayDir::of(&config.spool);
    dir.make()?;
    dir.mark(&marks)?;
    jobs.relay.ring();
    Ok(())
}

/// The hosts beside this one that are to get a job. One that came from another host goes no further, and one that its
/// hook does not want goes nowhere.
fn others(jobs: &Jobs<'_>, meta: &JobMeta) -> Vec<String> {
    let Some(hook) = jobs.config.hook(&meta.hook) else { return Vec::new() };
    if is_of_this_host(meta).is_some() || unwanted(hook, meta).is_some() {
        return Vec::new();
    }
    jobs.config.other_hosts(hook).map(str::to_owned).collect()
}

/// The reason for which a job goes no further, if it has one.
fn is_of_this_host(meta: &JobMeta) -> Option<&'static str> {
    let came = "it came from another host, and a job is passed on once only";
    let wish = "`--commit` and `--force` of `deploy` count on one host alone: give them on the host that is to run it";
    meta.origin.as_ref().map(|_| came).or_else(|| meta.wish.as_ref().map(|_| wish))
}

/// Ends a job in `queued/` that is for other hosts alone; `false`: it is not. One that is damaged is not passed on, and
/// claiming it puts it away.
pub(super) fn pass_on(jobs: &mut Jobs<'_>, id: JobId, meta: &JobMeta) -> Result<bool, SpoolError> {
    let config = &jobs.config;
    let hook = config.hook(&meta.hook).filter(|hook| config.only_passes_on(hook) && unwanted(hook, meta).is_none());
    if hook.is_none() || !jobs.owner.is_whole(id, State::Queued)? {
        return Ok(false);
    }
    let settlement = match is_of_this_host(meta) {
        Some(reason) => Settlement::Held { reason: reason.to_owned() },
        None => Settlement::Ended { outcome: Outcome::Relayed, reason: None },
    };
    jobs.decide(id, settlement)?;
    Ok(true)
}

/// The relay of a hookspool that was built without one.
#[cfg(not(feature = "relay"))]
mod absent {
    use crate::config::Config;
    use crate::spool::SpoolOwner;
    use crate::system::bell::Bell;
    use crate::system::stop::Stop;
    use std::sync::Arc;

    #[derive(Debug)]
    pub(crate) struct NoRelay;

    impl NoRelay {
        pub(crate) fn new(_: Arc<Config>, _: bool) -> Self {
            Self
        }
        pub(crate) fn ring(&self) {}
        pub(crate) fn reconfigure(&self, _: Arc<Config>) {}
        pub(crate) fn is_at_rest(&self) -> bool {
            true
        }
        pub(crate) fn run(&self, _: &SpoolOwner, _: &Stop, _: &Bell) {}
    }
}
