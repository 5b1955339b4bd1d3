//! Edge. A rollback: what a hook served before is served again, at once, beside whatever runs; then its hook is on
//! hold, so that neither a push nor a question to the remote undoes it. What follows a switch is run by a job of its
//! own.

use super::Orders;
use crate::config::{Hook, StepAction};
use crate::model::{DeployWish, EventKind, JobId, JobMeta, State};
use crate::runner::releases::{ReleaseFault, ReleaseName, ReleasesDir, ReleasesLock, Switch, SwitchKind, Switched};
use crate::runner::steps::{PublishedBack, is_published};
use crate::spool::{self, Effect, EffectResult, Filter, Hold, Inbox, SpoolError};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longest wait for somebody who switches or publishes just now.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// Between two looks.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Beginning of the reason of a hold.
const BEGIN: &str = Hold::ROLLED_BACK;
/// In the reason of a hold, before that of a person's hold that was there already.
const BEFORE: &str = "; before: ";
/// Most characters that are kept of such a reason: longer than anybody reads, shorter than a hold's file can be.
const BEFORE_CHARS: usize = 1000;
/// Newest jobs among which that of a rollback is looked for.
const LOOKED_AT: usize = 200;

/// A rollback as it was ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rollback<'a> {
    pub(super) hook: &'a str,
    /// The release to go back to.
    pub(super) to: Option<&'a str>,
    /// Inodes of the published trees to go back to.
    pub(super) trees: &'a [u64],
    pub(super) why: Option<&'a str>,
    pub(super) by: &'a str,
}

impl Rollback<'_> {
    fn refused(&self, text: impl Into<String>) -> Vec<Effect> {
        vec![Effect::of_hook(self.hook, EffectResult::Refused, text)]
    }

    /// The reason with what was done.
    fn reason(&self, done: &str) -> String {
        self.why.map_or_else(|| done.to_owned(), |why| format!("{done}: {why}"))
    }
}

impl Orders<'_> {
    /// Carries out a rollback. Carried out for a second time it goes no further back.
    pub(super) fn roll_back(&mut self, rollback: &Rollback<'_>) -> Result<Vec<Effect>, SpoolError> {
        let Some(hook) = self.config.hook(rollback.hook) else {
            let name = rollback.hook.escape_debug();
            return Ok(rollback.refused(format!("hook `{name}` is not in the runner's configuration")));
        };
        match (ReleasesDir::of(&hook.plan), rollback.to.map(str::parse::<ReleaseName>)) {
            (Some(place), Some(Ok(to))) => self.switch_back(rollback, hook, &place, &to),
            (None, None) => self.publish_back(rollback, hook),
            _ => Ok(rollback.refused("the runner goes by another configuration; reload it (SIGHUP), then ask again")),
        }
    }

    fn switch_back(
        &mut self,
        rollback: &Rollback<'_>,
        hook: &Hook,
        place: &ReleasesDir,
        to: &ReleaseName,
    ) -> Result<Vec<Effect>, SpoolError> {
        let lock = match lock(place) {
            Ok(Some(lock)) => lock,
            Ok(None) => return Ok(rollback.refused("another switch is under way; ask again")),
            Err(fault) => return Ok(rollback.refused(fault.to_string())),
        };
        // First, so that no job begins that would switch forward again.
        let was_held = self.put_on_hold(rollback, &format!("{BEGIN} to release {to}"))?;
        let switch = Switch {
            by: Some(rollback.by.to_owned()),
            why: rollback.why.map(str::to_owned),
            ..Switch::new(Timestamp::now(), SwitchKind::Rollback, to.clone())
        };
        let switched =
            match place.list().and_then(|there| good(&there.good, to)).and_then(|()| place.switch(&lock, switch)) {
                Ok(switched) => switched,
                Err(fault) => {
                    self.undo_hold(rollback, was_held.as_ref())?;
                    return Ok(rollback.refused(fault.to_string()));
                }
            };
        lock.release();
        let mut effects = vec![said(rollback, to, &switched)];
        // Where the one who switched died before this, the order comes a second time.
        let is_queued = switched.was_current && !self.lacks_steps(rollback.hook, place)?;
        if !hook.plan.after_switch().is_empty() && !is_queued {
            effects.push(self.queue_steps(rollback, to));
        }
        Ok(effects)
    }

    /// `true` if the last switch was a rollback, and no job has come since that runs what follows it.
    fn lacks_steps(&self, hook: &str, place: &ReleasesDir) -> Result<bool, SpoolError> {
        let switches = place.switches().unwrap_or_default();
        let Some(last) = switches.last().filter(|last| last.what == SwitchKind::Rollback) else { return Ok(false) };
        let newest = Filter { newest: Some(LOOKED_AT), ..Filter::default() };
        for view in spool::newest_first(&self.config.spool, &newest)? {
            let view = view?;
            if view.is_rollback() && view.hook.as_deref() == Some(hook) && view.arrived_at >= Some(last.at) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn publish_back(&mut self, rollback: &Rollback<'_>, hook: &Hook) -> Result<Vec<Effect>, SpoolError> {
        let targets = hook.plan.steps.iter().filter_map(|step| match &step.action {
            StepAction::Publish(publish) => Some(publish.to.as_path()),
            _ => None,
        });
        let targets: Vec<&Path> = targets.collect();
        if targets.is_empty() || targets.len() != rollback.trees.len() {
            return Ok(rollback.refused("the runner goes by another configuration; reload it (SIGHUP), then ask again"));
        }
        let was_held = self.put_on_hold(rollback, &format!("{BEGIN} to what was published before"))?;
        let mut is_changed = false;
        for (to, tree) in targets.iter().zip(rollback.trees) {
            let (done, why_not) = match publish_back(to, *tree) {
                PublishedBack::Done => (true, None),
                PublishedBack::WasDone => (false, None),
                PublishedBack::Busy => (false, Some("another publication is under way; ask again".to_owned())),
                PublishedBack::Refused(reason) => (false, Some(reason)),
            };
            is_changed |= done;
            if let Some(why_not) = why_not {
                // What failed may have failed after the exchange.
                if targets.iter().zip(rollback.trees).any(|(to, tree)| is_published(to, *tree)) {
                    return Ok(rollback.refused(format!("{why_not}; {}", on_hold(rollback.hook))));
                }
                self.undo_hold(rollback, was_held.as_ref())?;
                return Ok(rollback.refused(why_not));
            }
        }
        tracing::info!(event = "rollback", hook = hook.name, by = rollback.by, why = rollback.why);
        let names: Vec<String> = targets.iter().map(|to| format!("`{}`", to.display())).collect();
        let text = format!("what was published before is at {} again; {}", names.join(", "), on_hold(rollback.hook));
        let result = if is_changed { EffectResult::Changed } else { EffectResult::Unchanged };
        Ok(vec![Effect::of_hook(rollback.hook, result, text)])
    }

    /// The hold that was there before, if there was one. Of two rollbacks the later one gives the reason.
    fn put_on_hold(&mut self, rollback: &Rollback<'_>, done: &str) -> Result<Option<Hold>, SpoolError> {
        let hold = Hold { why: rollback.reason(done), since: Timestamp::now(), by: rollback.by.to_owned() };
        let Some(old) = self.owner.hold(rollback.hook, &hold)? else { return Ok(None) };
        let both = Hold { why: with_before(&hold.why, &old), ..hold };
        if old.why != both.why {
            self.owner.end_hold(rollback.hook)?;
            self.owner.hold(rollback.hook, &both)?;
        }
        Ok(Some(old))
    }

    fn undo_hold(&mut self, rollback: &Rollback<'_>, was_held: Option<&Hold>) -> Result<(), SpoolError> {
        self.owner.end_hold(rollback.hook)?;
        was_held.map_or(Ok(()), |old| self.owner.hold(rollback.hook, old).map(drop))
    }

    /// The steps after the switch run as a job: they may take long, and have a log. That it cannot be queued undoes
    /// nothing.
    fn queue_steps(&mut self, rollback: &Rollback<'_>, to: &ReleaseName) -> Effect {
        let note = rollback.reason(&format!("by {}, rolled back to release {to}", rollback.by));
        let event = EventKind::Other(JobMeta::ROLLBACK.to_owned());
        let meta = JobMeta {
            pusher: Some(rollback.by.to_owned()),
            note: Some(note),
            wish: Some(DeployWish { commit: None, is_forced: true }),
            ..JobMeta::new(rollback.hook, JobMeta::BY_HAND, event, Timestamp::now())
        };
        match self.queue_job(&meta) {
            Ok(id) => {
                let text = "queued: it runs the steps after the switch".to_owned();
                Effect::of_job(id, EffectResult::Changed, Some(State::Queued), text)
            }
            Err(error) => {
                let text = format!("the steps after the switch could not be queued: {error}; run them by hand");
                Effect::of_hook(rollback.hook, EffectResult::Refused, text)
            }
        }
    }

    fn queue_job(&mut self, meta: &JobMeta) -> Result<JobId, SpoolError> {
        let mut draft = Inbox::open(&self.config.spool)?.draft()?;
        draft.write(b"{}")?;
        let id = draft.commit(meta)?;
        tracing::info!(event = "queued", job = %id, hook = meta.hook, note = meta.note);
        Ok(id)
    }
}

fn said(rollback: &Rollback<'_>, to: &ReleaseName, switched: &Switched) -> Effect {
    if switched.was_current {
        let text = format!("release {to} is current already; {}", on_hold(rollback.hook));
        return Effect::of_hook(rollback.hook, EffectResult::Unchanged, text);
    }
    let before = switched.previous.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let (hook, by, why) = (rollback.hook, rollback.by, rollback.why);
    tracing::info!(event = "rollback", hook, by, why, to = %to, from = before);
    let said = [&[on_hold(hook)][..], &switched.warnings].concat().join("; ");
    let text = format!("release {to} is current again, and was {before}; {said}");
    Effect::of_hook(hook, EffectResult::Changed, text)
}

/// The reason of a rollback, and that of a person who had put the hook on hold before.
fn with_before(why: &str, old: &Hold) -> String {
    let theirs =
        if old.is_of_rollback() { old.why.split_once(BEFORE).map(|(_, theirs)| theirs) } else { Some(&*old.why) };
    theirs.map_or_else(
        || why.to_owned(),
        |theirs| format!("{why}{BEFORE}{}", theirs.chars().take(BEFORE_CHARS).collect::<String>()),
    )
}

fn on_hold(hook: &str) -> String {
    format!("pushes wait until `hookspool release {hook}`")
}

fn good(there: &BTreeSet<ReleaseName>, to: &ReleaseName) -> Result<(), ReleaseFault> {
    if there.contains(to) {
        return Ok(());
    }
    Err(ReleaseFault::new(format!("release {to} is gone, or failed")))
}

fn lock(place: &ReleasesDir) -> Result<Option<ReleasesLock>, ReleaseFault> {
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match place.try_lock()? {
            None if Instant::now() < until => sleep(LOCK_POLL_INTERVAL),
            tried => return Ok(tried),
        }
    }
}

fn publish_back(to: &Path, tree: u64) -> PublishedBack {
    let until = Instant::now() + LOCK_WAIT;
    loop {
        match PublishedBack::of(to, tree) {
            PublishedBack::Busy if Instant::now() < until => sleep(LOCK_POLL_INTERVAL),
            tried => return tried,
        }
    }
}
