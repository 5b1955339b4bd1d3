//! Edge. `rollback`: what a hook served before is served again.

use super::args::RollbackArgs;
use super::request::Requester;
use crate::cli::exit::{self, Failure};
use crate::cli::jobs::no_such_hook;
use crate::cli::load::load;
use crate::config::{Config, Hook, StepAction};
use crate::runner::releases::{Current, ReleaseFault, ReleaseName, ReleasesDir};
use crate::runner::steps::tree_before;
use crate::spool::Order;
use std::path::Path;
use std::process::ExitCode;

/// Orders a rollback. Where to is decided here, once: who asks a second time goes no further back.
pub(in crate::cli) fn rollback(config: Option<&Path>, args: &RollbackArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    if config.hook(&args.hook).is_none() {
        return Err(no_such_hook(&config, &args.hook));
    }
    let requester = Requester::new(&config)?;
    let order = order(&config, args)?;
    super::report(&requester.give(order)?, args.json)
}

fn order(config: &Config, args: &RollbackArgs) -> Result<Order, Failure> {
    let hook = config.hook(&args.hook).ok_or_else(|| no_such_hook(config, &args.hook))?;
    let (name, why) = (args.hook.clone(), args.why.clone());
    if let Some(place) = ReleasesDir::of(&hook.plan) {
        let to = target(&place, hook, args.to.as_deref())?;
        return Ok(Order::Rollback { hook: name, to: Some(to.to_string()), trees: Vec::new(), why });
    }
    if args.to.is_some() {
        let text = format!("hook `{name}` has no releases, so that `--to` names none");
        return Err(Failure::new(exit::USAGE, text));
    }
    Ok(Order::Rollback { hook: name, to: None, trees: trees(hook)?, why })
}

/// The release that is meant: the whole name, or its number.
fn target(place: &ReleasesDir, hook: &Hook, typed: Option<&str>) -> Result<ReleaseName, Failure> {
    let there = place.list().map_err(failed)?;
    if let Some(typed) = typed {
        let is_meant = |release: &&ReleaseName| release.to_string() == typed || release.number().to_string() == typed;
        if let Some(failed) = there.unmarked.iter().find(is_meant) {
            return Err(Failure::new(exit::NO, format!("release {failed} failed, or is being made")));
        }
        let text = format!("no release `{typed}`; `hookspool releases {}` shows which there are", hook.name);
        return there.good.iter().find(is_meant).cloned().ok_or_else(|| Failure::new(exit::NO, text));
    }
    let current = match place.current().map_err(failed)? {
        Current::Release(current) => format!("release {current}"),
        _ => "what is current".to_owned(),
    };
    let text =
        format!("there is no good release before {current}; `hookspool releases {}` shows which there are", hook.name);
    place.before_current().map_err(failed)?.ok_or_else(|| Failure::new(exit::NO, text))
}

fn trees(hook: &Hook) -> Result<Vec<u64>, Failure> {
    let targets = hook.plan.steps.iter().filter_map(|step| match &step.action {
        StepAction::Publish(publish) => Some(&publish.to),
        _ => None,
    });
    let none = |to: &Path| {
        let text = format!("nothing that was published at `{}` before is left", to.display());
        Failure::new(exit::NO, text)
    };
    let trees = targets.map(|to| tree_before(to).ok_or_else(|| none(to))).collect::<Result<Vec<u64>, _>>()?;
    if trees.is_empty() {
        let text =
            format!("hook `{}` has neither `releases` nor a step with `publish`: nothing is kept of before", hook.name);
        return Err(Failure::new(exit::NO, text));
    }
    Ok(trees)
}

fn failed(fault: ReleaseFault) -> Failure {
    Failure::new(exit::NO, fault)
}
