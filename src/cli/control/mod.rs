//! Edge. The verbs that change what becomes of jobs: `retry`, `cancel`, `hold`, `release`. Safe beside a runner, and
//! without one.

pub(super) mod args;
mod by_hand;
mod prune;
mod request;
mod rollback;

pub(super) use by_hand::deploy;
pub(super) use prune::run as prune;
pub(super) use request::become_owner;
pub(super) use rollback::rollback;

use super::exit::{self, Failure};
use super::jobs::{find, no_hook_and_no_job, refuse_unknown, unreadable};
use super::load::load;
use super::print;
use super::progress::Progress;
use crate::config::Config;
use crate::model::{JobId, State};
use crate::spool::{self, Effect, EffectResult, Filter, Order};
use args::{CancelArgs, HoldArgs, ReleaseArgs, RetryArgs};
use request::Requester;
use std::path::Path;
use std::process::ExitCode;

/// Jobs of one order: few enough that the runner is soon back at its jobs.
const PORTION: usize = 50;

/// Queues failed or held jobs again.
pub(super) fn retry(config: Option<&Path>, args: &RetryArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let requester = Requester::new(&config)?;
    let ids = if args.failed { failed(&config, args.hook.as_deref())? } else { find_all(&config, &args.jobs)? };
    if ids.is_empty() && !args.json {
        print::line("no such job in failed/")?;
    }
    report(
        &in_portions(&requester, &ids, |ids| if args.again { Order::Again { ids } } else { Order::Retry { ids } })?,
        args.json,
    )
}

/// Ends jobs without running them, or stops them.
pub(super) fn cancel(config: Option<&Path>, args: &CancelArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let requester = Requester::new(&config)?;
    let ids = find_all(&config, &args.jobs)?;
    report(&in_portions(&requester, &ids, |ids| Order::Cancel { ids })?, args.json)
}

/// Runs no more jobs of a hook.
pub(super) fn hold(config: Option<&Path>, args: &HoldArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    refuse_unknown(&config, &args.hook)?;
    let order = Order::Hold { hook: args.hook.clone(), why: args.why.clone() };
    report(&Requester::new(&config)?.give(order)?, args.json)
}

/// Ends holds of hooks, and queues held jobs. A name that is a hook's is taken as one.
pub(super) fn release(config: Option<&Path>, args: &ReleaseArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let requester = Requester::new(&config)?;
    let holds = spool::holds(&config.spool).map_err(unreadable)?;
    let is_hook = |name: &&String| config.hook(name).is_some() || holds.contains_key(*name);
    let (hooks, jobs): (Vec<&String>, Vec<&String>) = args.targets.iter().partition(is_hook);
    let one = |text: &&String| {
        find(&config.spool, text).map_err(|failure| match failure.code {
            exit::NO => Failure::new(exit::NO, no_hook_and_no_job(&config, text)),
            _ => failure,
        })
    };
    let ids: Vec<JobId> = jobs.iter().map(one).collect::<Result<_, _>>()?;
    let mut effects = Vec::new();
    for hook in hooks {
        effects.extend(requester.give(Order::ReleaseHook { hook: hook.clone() })?);
    }
    effects.extend(in_portions(&requester, &ids, |ids| Order::Release { ids })?);
    report(&effects, args.json)
}

fn find_all(config: &Config, texts: &[String]) -> Result<Vec<JobId>, Failure> {
    texts.iter().map(|text| find(&config.spool, text)).collect()
}

fn failed(config: &Config, hook: Option<&str>) -> Result<Vec<JobId>, Failure> {
    let filter = Filter { states: vec![State::Failed], hook: hook.map(str::to_owned), ..Filter::default() };
    let jobs = spool::list(&config.spool, filter).map_err(unreadable)?;
    let ids: Vec<JobId> = jobs.map(|job| job.map(|job| job.id).map_err(unreadable)).collect::<Result<_, _>>()?;
    match hook {
        Some(hook) if ids.is_empty() => refuse_unknown(config, hook).map(|()| ids),
        _ => Ok(ids),
    }
}

fn in_portions(
    requester: &Requester<'_>,
    ids: &[JobId],
    order: impl Fn(Vec<JobId>) -> Order,
) -> Result<Vec<Effect>, Failure> {
    let mut progress = Progress::of("jobs", ids.len());
    let mut effects = Vec::new();
    for portion in ids.chunks(PORTION) {
        effects.extend(requester.give(order(portion.to_vec()))?);
        progress.advance(portion.len());
    }
    Ok(effects)
}

/// Exit 1 when something was refused.
fn report(effects: &[Effect], json: bool) -> Result<ExitCode, Failure> {
    if json {
        print::json(&effects)?;
    } else {
        effects.iter().try_for_each(|effect| print::line(&sentence(effect)))?;
    }
    let was_refused = effects.iter().any(|effect| effect.result == EffectResult::Refused);
    Ok(ExitCode::from(if was_refused { exit::NO } else { 0 }))
}

fn sentence(effect: &Effect) -> String {
    let who = match (&effect.hook, effect.id) {
        (Some(hook), _) => format!("hook {hook}"),
        (None, Some(id)) => format!("job {}", id.short()),
        (None, None) => String::new(),
    };
    format!("{who}: {}", effect.text)
}
