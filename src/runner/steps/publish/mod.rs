//! Edge. `publish = "dist", to = "/srv/www"`: a copy beside the target, flushed, then put in its place in one step.
//!
//! A reader finds the tree of before or the new one, whole, at every moment. All names are in the target's directory:
//!
//! ```text
//! NAME                  what is published: a directory, or a relative link to one of ours
//! .NAME.new-<random>    a copy that is being made, or a leftover of one; ours to remove
//! .NAME.new-<inode>     the copy on its way to the target, or the tree with that inode, which it took the place of
//! .NAME.at-<random>     the tree that a link leads to
//! .NAME.previous        the tree of before
//! .NAME.back-<inode>    the tree of before on its way back, or the one that it took the place of
//! .NAME.undone          the tree that a rollback took away
//! .NAME.over-<random>   what is over; removed as far as that is possible
//! .NAME.lock            the lock of all these names
//! ```
//!
//! Two publications to one target wait for each other (flock on that file).

mod back;
mod before;
mod copy;
mod lock;
mod place;

pub use back::{PublishedBack, is_published, tree_before};

use super::attempt::{Attempt, Bounds, Trouble};
use super::lookup::cause;
use crate::config::Publish;
use crate::spool::holds;
use crate::system::users;
use copy::{Copied, Copy, source, trouble};
use lock::PublishLock;
use place::{PublishTarget, Unremoved, give_up};
use rustix::fs::syncfs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two looks whether another publication has ended.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Publishes; what is at the target stays as it is unless all of it went well.
pub(super) fn publish(attempt: &mut Attempt<'_>, publish: &Publish, hook: &str, bounds: Bounds) -> Result<(), Trouble> {
    super::lookup::directory(&attempt.dir).map_err(Trouble::refused)?;
    let from = source(&attempt.dir, &publish.from)?;
    let place = PublishTarget::of(&publish.to)?;
    apart(&from, &attempt.dir, &place)?;
    attempt.check_apart(&place.real_target())?;
    let _lock = wait_for_others(attempt, &place, bounds)?;
    warn(attempt, place.remove_leftovers());
    let fresh = place.fresh()?;
    let copied = copied(attempt, &from, &fresh, &place, bounds).inspect_err(|_| give_up(&fresh))?;
    not_rolled_back(attempt, hook).inspect_err(|_| give_up(&fresh))?;
    // It may have failed after the exchange: then the tree under the name of a copy is the one of before.
    let previous = place.switch_to(&fresh).inspect_err(|_| drop(place.remove_leftovers()))?;
    let Copied { files, bytes } = copied;
    let before = previous.map(|path| format!("; the one before is `{}`", path.display())).unwrap_or_default();
    let noun = if files == 1 { "file" } else { "files" };
    attempt.log.note(&format!("published {files} {noun}, {bytes} bytes{before}"));
    warn(attempt, place.tidy());
    Ok(())
}

/// Refuses what was built before a rollback, which puts the hook on hold first and then waits for the lock that this
/// publication has.
fn not_rolled_back(attempt: &Attempt<'_>, hook: &str) -> Result<(), Trouble> {
    let holds = holds(attempt.spool).map_err(|error| Trouble::passing(format!("cannot tell who holds: {error}")))?;
    let Some(hold) = holds.get(hook).filter(|hold| hold.is_of_rollback()) else { return Ok(()) };
    let text = format!("{} went back meanwhile, to what was published before; nothing was published", hold.by);
    Err(Trouble::overtaken(text))
}

/// Logs trees that cannot be removed, since a web server's user wrote into them: that keeps nothing from being
/// published.
fn warn(attempt: &mut Attempt<'_>, unremoved: Vec<Unremoved>) {
    for (path, error) in unremoved {
        attempt.log.note(&format!("warning: cannot remove `{}`: {}", path.display(), cause(&error)));
    }
}

/// The configuration compares the paths as they are typed; links may lead one into the other.
fn apart(from: &Path, dir: &Path, place: &PublishTarget) -> Result<(), Trouble> {
    let real = |path: &Path| path.canonicalize().map_err(|error| trouble("look at", path, &error));
    let (from, dir, target) = (real(from)?, real(dir)?, place.real_target());
    if target.starts_with(&from) || from.starts_with(&target) || dir.starts_with(&target) {
        let text = format!("`{}` and what is published lie in one another", place.target.display());
        return Err(Trouble::refused(text));
    }
    if users::current().is_some_and(|user| Path::new(&user.home).starts_with(&target)) {
        return Err(Trouble::refused(format!("the home of this user lies in `{}`", place.target.display())));
    }
    Ok(())
}

fn copied(
    attempt: &mut Attempt<'_>,
    from: &Path,
    fresh: &Path,
    place: &PublishTarget,
    bounds: Bounds,
) -> Result<Copied, Trouble> {
    let mut may_go_on = || attempt.pause(Instant::now(), bounds.until);
    let mut copy = Copy { may_go_on: &mut may_go_on, copied: Copied::default(), entries: 0 };
    copy.directory(from, fresh)?;
    let copied = copy.copied;
    // One call for thousands of files; what else waits to be written is written with them.
    syncfs(&place.parent).map_err(|errno| trouble("flush", fresh, &errno.into()))?;
    attempt.pause(Instant::now(), bounds.until)?;
    Ok(copied)
}

fn wait_for_others(attempt: &mut Attempt<'_>, place: &PublishTarget, bounds: Bounds) -> Result<PublishLock, Trouble> {
    loop {
        match place.try_lock()? {
            Some(lock) => return Ok(lock),
            None => attempt.pause(Instant::now() + LOCK_POLL_INTERVAL, bounds.until)?,
        }
    }
}
