//! Edge. `relay resend`: marks jobs once more for one host.

use super::settings;
use crate::cli::control::become_owner;
use crate::cli::exit::{self, Failure};
use crate::cli::jobs::{refuse_unknown, unreadable};
use crate::cli::load::load;
use crate::cli::print;
use crate::config::{Config, Hook};
use crate::model::{JobId, State};
use crate::runner::unwanted;
use crate::spool::{self, Filter, RelayDir, Shown};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

/// Most jobs that are looked at, the newest.
const LOOKED_AT: usize = 10_000;

/// Marks the newest job of each ref of `hook` for `host`. The relay sees the marks within seconds.
pub(super) fn run(config: Option<&Path>, hook: &str, host: &str) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let relay = settings(&config)?;
    let Some(found) = config.hook(hook) else {
        refuse_unknown(&config, hook)?;
        return Ok(ExitCode::from(exit::NO));
    };
    if !config.other_hosts(found).any(|other| other == host) {
        let hosts: Vec<_> = config.other_hosts(found).collect();
        let known = if hosts.is_empty() { "it has none".to_owned() } else { format!("it has {}", hosts.join(", ")) };
        let text = format!("`{host}` is no other host of hook `{hook}`: {known}");
        return Err(Failure::new(exit::USAGE, text));
    }
    become_owner(&config.spool)?;
    let since = Timestamp::now().checked_sub(relay.keep).unwrap_or(Timestamp::MIN);
    let ids = newest(&config, found, since)?;
    let dir = RelayDir::of(&config.spool);
    dir.make().map_err(unreadable)?;
    dir.mark(&ids.iter().map(|id| (host.to_owned(), *id)).collect()).map_err(unreadable)?;
    dir.ask_again().map_err(unreadable)?;
    let jobs: Vec<String> = ids.iter().map(|id| id.short()).collect();
    match jobs.as_slice() {
        [] => print::line(&format!("no job of `{hook}` is young enough to be sent (`keep`)"))?,
        jobs => print::line(&format!("{} for {host}: {}", print::count(jobs.len(), "job"), jobs.join(", ")))?,
    }
    Ok(ExitCode::from(if jobs.is_empty() { exit::NO } else { 0 }))
}

/// The newest job of each ref that was accepted since then, and that its hook wants.
fn newest(config: &Config, hook: &Hook, since: Timestamp) -> Result<Vec<JobId>, Failure> {
    let states = State::ALL.into_iter().filter(|state| *state != State::Corrupt).collect();
    let filter = Filter { states, newest: Some(LOOKED_AT), ..Filter::default() };
    let (mut refs, mut ids) = (BTreeSet::new(), Vec::new());
    for view in spool::newest_first(&config.spool, &filter).map_err(unreadable)? {
        let view = view.map_err(unreadable)?;
        let is_ours = view.hook.as_ref() == Some(&hook.name) && view.arrived_at.is_some_and(|at| at >= since);
        let reference = view.reference.as_ref().map(|reference| reference.as_str().to_owned());
        if !is_ours || refs.contains(&reference) {
            continue;
        }
        let shown = spool::show(&config.spool, view.id).map_err(unreadable)?;
        if shown.as_ref().is_some_and(|shown| is_sendable(hook, shown)) {
            refs.insert(reference);
            ids.push(view.id);
        }
    }
    Ok(ids)
}

fn is_sendable(hook: &Hook, shown: &Shown) -> bool {
    shown.meta.as_ref().is_some_and(|meta| meta.origin.is_none() && unwanted(hook, meta).is_none())
}
