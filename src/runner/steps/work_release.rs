//! Edge. The release of an attempt: made by the step `git`, worked in by the others, switched to, and perhaps left
//! again.

use super::attempt::{Attempt, Bounds, Trouble};
use super::git::{self, ReleaseTree};
use super::lookup::cause;
use super::record::JobResult;
use crate::config::GitUpdate;
use crate::model::{JobMeta, Outcome};
use crate::runner::releases::{
    Keep, ReleaseFault, ReleaseMark, ReleaseName, ReleasesDir, ReleasesLock, Switch, SwitchKind, Switched, remove_all,
};
use crate::spool;
use crate::system::room::is_full;
use crate::system::wait::after;
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Between two looks whether somebody else has switched.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Failed releases that stay, for people to look at.
const FAILED: usize = 1;

/// The release that an attempt makes, or works in.
#[derive(Debug, Clone)]
pub(super) struct AttemptRelease {
    place: ReleasesDir,
    name: ReleaseName,
    /// The one that is current, or was before this one.
    previous: Option<ReleaseName>,
    /// Its commit, hex, where this attempt made it.
    commit: Option<String>,
    /// The commit of the one that was current, hex.
    deployed: Option<String>,
    /// Length of the log when it was made: whoever switches back after that does not want it.
    seen: u64,
    stage: ReleaseStage,
}

impl AttemptRelease {
    /// The directory of the hook's releases.
    pub(super) fn place(&self) -> &ReleasesDir {
        &self.place
    }
}

/// The part that a release has in its attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReleaseStage {
    /// It is current, and another attempt made it.
    Entered,
    Made,
    Switched,
    /// It is current again, since steps after the switch failed.
    Back,
}

impl From<ReleaseFault> for Trouble {
    fn from(fault: ReleaseFault) -> Self {
        if fault.is_passing() { Self::passing(fault.to_string()) } else { Self::refused(fault.to_string()) }
    }
}

/// Works in the current release from now on, where there is one.
pub(super) fn enter(attempt: &mut Attempt<'_>) {
    let Some(place) = ReleasesDir::of(attempt.plan) else { return };
    let Some(name) = place.current().ok().and_then(|current| current.release().cloned()) else { return };
    let previous = place.switches().ok().and_then(|switches| switches.last()?.previous.clone());
    if !place.path_of(&name).is_dir() {
        return;
    }
    attempt.dir = place.path_of(&name);
    let stage = ReleaseStage::Entered;
    attempt.release = Some(AttemptRelease { place, name, previous, commit: None, deployed: None, seen: 0, stage });
    tell(attempt);
}

/// Tells the steps of the release.
pub(super) fn tell(attempt: &mut Attempt<'_>) {
    let Some(release) = &attempt.release else { return };
    let environment = &mut attempt.environment;
    environment.set("HOOKSPOOL_RELEASE", release.place.path_of(&release.name));
    match &release.previous {
        Some(previous) => environment.set("HOOKSPOOL_PREVIOUS", release.place.path_of(previous)),
        None => environment.unset("HOOKSPOOL_PREVIOUS"),
    }
    if let Some(commit) = &release.commit {
        environment.set("HOOKSPOOL_COMMIT", commit);
    }
    if let Some(deployed) = &release.deployed {
        environment.set("HOOKSPOOL_BEFORE", deployed);
    }
}

/// Makes a release of what was pushed; its commit, hex.
pub(super) fn make(
    attempt: &mut Attempt<'_>,
    options: &GitUpdate,
    meta: &JobMeta,
    bounds: Bounds,
) -> Result<String, Trouble> {
    let place = ReleasesDir::of(attempt.plan).ok_or_else(|| Trouble::refused("the hook has no `releases`"))?;
    attempt.check_apart(place.dir())?;
    place.prepare()?;
    let lock = locked(attempt, &place, bounds.until)?;
    let seen = place.settle(&lock, Timestamp::now())?;
    let previous = place.current()?.release().cloned();
    let gone = place.retire(&lock, Keep { good: usize::MAX, failed: FAILED }, None)?;
    lock.release();
    warn(attempt, remove_all(gone));
    let deployed = previous.as_ref().and_then(|previous| Some(place.mark(previous)?.commit));
    let (name, commit) = filled(attempt, options, meta, bounds, (&place, deployed.as_deref()))?;
    attempt.log.note(&format!("this is release {name}"));
    attempt.dir = place.path_of(&name);
    let stage = ReleaseStage::Made;
    attempt.release =
        Some(AttemptRelease { place, name, previous, commit: Some(commit.clone()), deployed, seen, stage });
    Ok(commit)
}

/// Checks a tree out and links what is shared into it. What comes to nothing on the way is removed.
fn filled(
    attempt: &mut Attempt<'_>,
    options: &GitUpdate,
    meta: &JobMeta,
    bounds: Bounds,
    (place, deployed): (&ReleasesDir, Option<&str>),
) -> Result<(ReleaseName, String), Trouble> {
    let bare = place.repository();
    place.make_dirs(&bare)?;
    let mut made = None;
    let mut make_tree = |commit: &str| {
        let name = place.make(commit)?;
        Ok(place.path_of(made.insert(name)))
    };
    let mut tree = ReleaseTree { bare: &bare, deployed, make: &mut make_tree };
    let filled = git::fill(attempt, options, meta, bounds, &mut tree).and_then(|commit| {
        let name = made.clone().ok_or_else(|| Trouble::refused("no release was made"))?;
        let shared = attempt.plan.releases.as_ref().map_or(&[][..], |releases| &releases.shared);
        place.share(&name, shared)?.iter().for_each(|said| attempt.log.note(said));
        Ok((name, commit))
    });
    if let (Err(_), Some(name)) = (&filled, &made) {
        warn(attempt, place.discard(name));
    }
    filled
}

/// Lets `current` lead to the release of this attempt, unless somebody has switched back meanwhile.
pub(super) fn switch(attempt: &mut Attempt<'_>, meta: &JobMeta, bounds: Bounds) -> Result<(), Trouble> {
    let made = attempt.release.clone().filter(|release| release.stage == ReleaseStage::Made);
    let AttemptRelease { place, name, commit, seen, .. } =
        made.ok_or_else(|| Trouble::refused("no release was made that could be switched to"))?;
    let mark = ReleaseMark {
        at: Timestamp::now(),
        commit: commit.unwrap_or_default(),
        reference: meta.reference.clone(),
        job: attempt.job,
    };
    let marked = place.mark_good(&name, &mark).map_err(Trouble::from);
    let locked = marked.and_then(|()| locked(attempt, &place, bounds.until));
    let switched = match &locked {
        Ok(lock) => led_to(attempt, meta, (&place, lock), &name, seen),
        Err(trouble) => Err(trouble.clone()),
    };
    if switched.is_err() {
        unmark_unserved(attempt, &place, &name);
    }
    let (lock, switched) = (locked?, switched?);
    let before = switched.previous.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    attempt.log.note(&format!("current is release {name}; before: {before}"));
    if let Some(aside) = &switched.aside {
        attempt.log.note(&format!("the directory that stood there is `{}` now", aside.display()));
    }
    switched.warnings.iter().for_each(|warning| attempt.log.note(&format!("warning: {warning}")));
    if let Some(release) = &mut attempt.release {
        (release.stage, release.previous) = (ReleaseStage::Switched, switched.previous);
    }
    let keep = attempt.plan.releases.as_ref().map_or(usize::MAX, |releases| releases.keep);
    tidy(attempt, &place, lock, Keep { good: keep, failed: FAILED });
    Ok(())
}

fn led_to(
    attempt: &Attempt<'_>,
    meta: &JobMeta,
    (place, lock): (&ReleasesDir, &ReleasesLock),
    name: &ReleaseName,
    seen: u64,
) -> Result<Switched, Trouble> {
    if let Some(why) = overtaken(attempt, place, seen, &meta.hook)? {
        return Err(Trouble::overtaken(format!("{why}; {name} is not switched to")));
    }
    let (job, by) = (Some(attempt.job), meta.pusher.clone());
    let to = Switch { job, by, ..Switch::new(Timestamp::now(), SwitchKind::Switch, name.clone()) };
    Ok(place.switch(lock, to)?)
}

/// The mark came first, for a crash in between. One that was never served is no way back, and pushes none out that was.
fn unmark_unserved(attempt: &mut Attempt<'_>, place: &ReleasesDir, name: &ReleaseName) {
    let is_served = place.current().map_or(true, |current| current.release() == Some(name));
    if let (false, Err(fault)) = (is_served, place.unmark(name)) {
        attempt.log.note(&format!("warning: {fault}"));
    }
}

/// The rollback that a job which was begun before it must not undo. Its line may be older than what was seen, or there
/// is none, since it was to what was current; but its hold was there before it let go of the lock.
fn overtaken(attempt: &Attempt<'_>, place: &ReleasesDir, seen: u64, hook: &str) -> Result<Option<String>, Trouble> {
    if let Some(back) = place.rollback_since(seen)? {
        let by = back.by.unwrap_or_else(|| "somebody".to_owned());
        return Ok(Some(format!("{by} went back to release {} meanwhile", back.release)));
    }
    let holds = spool::holds(attempt.spool).map_err(|error| Trouble::passing(error.to_string()))?;
    Ok(holds.get(hook).filter(|hold| hold.is_of_rollback()).map(|hold| hold.reason(hook)))
}

/// Removes what is over. That it cannot be removed fails nobody.
fn tidy(attempt: &mut Attempt<'_>, place: &ReleasesDir, lock: ReleasesLock, keep: Keep) {
    let retired = place.retire(&lock, keep, None);
    lock.release();
    match retired {
        Ok(gone) => warn(attempt, remove_all(gone)),
        Err(fault) => attempt.log.note(&format!("warning: {fault}")),
    }
}

/// The steps are over. What is to be said where a release was left again: the steps after the switch are to be run once
/// more, in the one before.
pub(super) fn leave(attempt: &mut Attempt<'_>, result: &JobResult) -> Option<String> {
    let release = attempt.release.clone()?;
    match release.stage {
        ReleaseStage::Made if result.outcome != Outcome::Succeeded => {
            attempt.deadline = after(attempt.plan.timeout);
            let failed = if is_full(release.place.dir()) { 0 } else { FAILED };
            if let Ok(lock) = locked(attempt, &release.place, attempt.deadline) {
                tidy(attempt, &release.place, lock, Keep { good: usize::MAX, failed });
            }
            None
        }
        ReleaseStage::Switched if attempt.plan.rolls_back && is_failure(result) => {
            attempt.deadline = after(attempt.plan.timeout);
            let back = go_back(attempt, &release, &result.reason);
            back.inspect_err(|trouble| attempt.log.note(&format!("cannot switch back: {}", trouble.result))).ok()
        }
        _ => None,
    }
}

fn is_failure(result: &JobResult) -> bool {
    matches!(result.outcome, Outcome::Failed | Outcome::TimedOut)
}

/// Switches to the release before, and takes the mark of this one away.
fn go_back(attempt: &mut Attempt<'_>, left: &AttemptRelease, why: &str) -> Result<String, Trouble> {
    let place = &left.place;
    let lock = locked(attempt, place, attempt.deadline)?;
    let Some(to) = place.before_current()? else { return Err(Trouble::refused("there is no good release before it")) };
    if place.current()?.release() != Some(&left.name) {
        return Err(Trouble::refused(format!("{} is not current any more", left.name)));
    }
    let line = Switch {
        job: Some(attempt.job),
        why: Some(why.to_owned()),
        ..Switch::new(Timestamp::now(), SwitchKind::Rollback, to.clone())
    };
    place.switch(&lock, line)?;
    place.unmark(&left.name)?;
    lock.release();
    let said = format!("switched back to release {to}; the steps after the switch are run once more");
    attempt.dir = place.path_of(&to);
    attempt.release =
        Some(AttemptRelease { previous: Some(left.name.clone()), name: to, stage: ReleaseStage::Back, ..left.clone() });
    tell(attempt);
    Ok(said)
}

/// Says in the reason of a failure which release is served all the same.
pub(super) fn explain(attempt: &Attempt<'_>, result: &mut JobResult) {
    let Some(release) = attempt.release.as_ref().filter(|_| result.outcome != Outcome::Succeeded) else { return };
    let AttemptRelease { name, stage, .. } = release;
    let said = match stage {
        ReleaseStage::Switched => format!("; `current` is release {name} all the same"),
        ReleaseStage::Back => format!("; switched back to release {name}"),
        ReleaseStage::Entered | ReleaseStage::Made => return,
    };
    result.reason.push_str(&said);
}

fn locked(attempt: &mut Attempt<'_>, place: &ReleasesDir, until: Instant) -> Result<ReleasesLock, Trouble> {
    attempt.pause(Instant::now(), until)?;
    loop {
        match place.try_lock()? {
            Some(lock) => return Ok(lock),
            None => attempt.pause(Instant::now() + LOCK_POLL_INTERVAL, until)?,
        }
    }
}

/// Logs what cannot be removed, since a web server's user wrote into it.
fn warn(attempt: &mut Attempt<'_>, unremoved: Vec<(PathBuf, io::Error)>) {
    for (path, error) in unremoved {
        attempt.log.note(&format!("warning: cannot remove `{}`: {}", path.display(), cause(&error)));
    }
}
