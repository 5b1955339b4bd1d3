//! Edge. `deploy`: a job that a person queues, without a delivery.

use super::args::DeployArgs;
use super::request::{become_owner, name};
use crate::cli::exit::{self, Failure};
use crate::cli::jobs::{no_such_hook, unreadable};
use crate::cli::load::load;
use crate::config::{Config, Hook, StepAction};
use crate::model::{DeployWish, EventKind, JobId, JobMeta, RefName, State};
use crate::runner::unwanted;
use crate::spool::{self, Effect, EffectResult, Filter, Inbox};
use crate::system::users;
use jiff::Timestamp;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

/// Jobs that are looked at for the last one of a hook.
const LOOK_LIMIT: usize = 10_000;

/// Queues a job as a push of the ref would, by the hook's rules.
pub(in crate::cli) fn deploy(config: Option<&Path>, args: &DeployArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let hook = config.hook(&args.hook).ok_or_else(|| no_such_hook(&config, &args.hook))?;
    let by = name();
    become_owner(&config.spool)?;
    let meta = described(&config, hook, args, &by)?;
    refuse_wish_of_another(&config, &meta)?;
    let inbox = Inbox::open(&config.spool).map_err(unreadable)?;
    let mut draft = inbox.draft().map_err(unreadable)?;
    let payload = serde_json::json!({ "ref": meta.reference.as_ref().map(RefName::as_str), "by": by, "why": args.why });
    draft.write(payload.to_string().as_bytes()).map_err(unreadable)?;
    let id = draft.commit(&meta).map_err(unreadable)?;
    super::report(&[queued(&config, id, &meta)], args.json)
}

fn described(config: &Config, hook: &Hook, args: &DeployArgs, by: &str) -> Result<JobMeta, Failure> {
    let last = last_of(config, hook)?;
    let typed = typed(args)?;
    let reference = typed.or_else(|| last.as_ref()?.reference.clone());
    if reference.is_none() && hook.rules.branches.is_some() {
        let text = format!("hook `{}` has had no job whose branch could be taken; name one with --branch", hook.name);
        return Err(Failure::new(exit::USAGE, text));
    }
    let repository = hook.rules.repository.clone().or_else(|| last?.repository);
    let note = args.why.as_ref().map_or_else(|| format!("by {by}"), |why| format!("by {by}: {why}"));
    let meta = JobMeta {
        reference,
        repository,
        pusher: Some(by.to_owned()),
        note: Some(note),
        wish: wish(hook, args)?,
        ..JobMeta::new(&hook.name, JobMeta::BY_HAND, EventKind::Push, Timestamp::now())
    };
    wanted(hook, JobMeta { event: kind(hook, meta.reference.as_ref()), ..meta })
}

/// A commit is for a step that fetches one.
fn wish(hook: &Hook, args: &DeployArgs) -> Result<Option<DeployWish>, Failure> {
    let Some(commit) = &args.commit else {
        return Ok(args.force.then_some(DeployWish { commit: None, is_forced: true }));
    };
    let commit = commit.to_ascii_lowercase();
    if !(7..=64).contains(&commit.len()) || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
        let text = format!("`{commit}` is no commit: write at least its first seven hex digits");
        return Err(Failure::new(exit::USAGE, text));
    }
    if !hook.plan.steps.iter().any(|step| matches!(step.action, StepAction::Git(_))) {
        let text = format!("hook `{}` has no step with `git`, so that nothing would check a commit out", hook.name);
        return Err(Failure::new(exit::NO, text));
    }
    Ok(Some(DeployWish { commit: Some(commit), is_forced: args.force }))
}

/// The runner grants a wish only to the spool's owner: others who may queue jobs must not choose what runs.
fn refuse_wish_of_another(config: &Config, meta: &JobMeta) -> Result<(), Failure> {
    let owner = std::fs::metadata(&config.spool).map_or(0, |metadata| metadata.uid());
    if meta.wish.is_none() || rustix::process::geteuid().as_raw() == owner {
        return Ok(());
    }
    let owner = users::name_of(owner);
    let text = format!("only the spool's owner and root may use --commit and --force: `sudo -u {owner} hookspool …`");
    Err(Failure::new(exit::NO_PERMISSION, text))
}

/// A kind of event that the hook wants, a push if it can be one. Nobody means a deletion by `deploy`.
fn kind(hook: &Hook, reference: Option<&RefName>) -> EventKind {
    let kinds = [EventKind::Push, EventKind::Release, EventKind::Merge, EventKind::Package, EventKind::Ci];
    let wanted = kinds.into_iter().find(|kind| hook.rules.unwanted_kind(kind, reference).is_none());
    wanted.unwrap_or(EventKind::Push)
}

/// The ref that was typed.
fn typed(args: &DeployArgs) -> Result<Option<RefName>, Failure> {
    let (name, parsed) = match (&args.branch, &args.tag) {
        (Some(branch), _) => (branch, RefName::branch_named(branch)),
        (None, Some(tag)) => (tag, RefName::tag_named(tag)),
        (None, None) => return Ok(None),
    };
    parsed.map(Some).ok_or_else(|| Failure::new(exit::USAGE, format!("`{name}` is no name of a branch or tag")))
}

fn wanted(hook: &Hook, meta: JobMeta) -> Result<JobMeta, Failure> {
    match unwanted(hook, &meta) {
        None => Ok(meta),
        Some(why) => {
            let text = format!("hook `{}` does not want it: {why}; `--force` deploys it all the same", hook.name);
            Err(Failure::new(exit::NO, text))
        }
    }
}

/// The description of the newest job about a ref that the hook wants without any wish: whoever may queue jobs does not
/// choose the ref of a person's.
fn last_of(config: &Config, hook: &Hook) -> Result<Option<JobMeta>, Failure> {
    let filter = Filter { newest: Some(LOOK_LIMIT), ..Filter::default() };
    for view in spool::newest_first(&config.spool, &filter).map_err(unreadable)? {
        let view = view.map_err(unreadable)?;
        if view.hook.as_deref() != Some(&hook.name) || view.reference.is_none() {
            continue;
        }
        let meta = spool::show(&config.spool, view.id).map_err(unreadable)?.and_then(|shown| shown.meta);
        let plain = meta.map(|meta| JobMeta { wish: None, ..meta });
        if let Some(meta) = plain.filter(|meta| meta.hook == hook.name && unwanted(hook, meta).is_none()) {
            return Ok(Some(meta));
        }
    }
    Ok(None)
}

fn queued(config: &Config, id: JobId, meta: &JobMeta) -> Effect {
    let of =
        meta.reference.as_ref().map_or_else(String::new, |reference| format!(", {}", crate::intake::short(reference)));
    let holds = spool::holds(&config.spool).unwrap_or_default();
    let hold = holds.get(&meta.hook).map(|hold| format!("; {}", hold.reason(&meta.hook))).unwrap_or_default();
    let reconcile = undone_by_reconcile(config, meta);
    let text = format!("queued for {}{of}{hold}{reconcile}", meta.hook);
    Effect::of_job(id, EffectResult::Changed, Some(State::Queued), text)
}

/// The remote's head is what a hook with `reconcile` comes back to.
fn undone_by_reconcile(config: &Config, meta: &JobMeta) -> String {
    let is_asked = config.hook(&meta.hook).is_some_and(|hook| hook.plan.reconcile.is_some());
    let is_other = meta.wish.as_ref().is_some_and(|wish| wish.commit.is_some());
    if !is_asked || !is_other {
        return String::new();
    }
    format!("; `reconcile` comes back to the head, unless you `hookspool hold {}` after it", meta.hook)
}
