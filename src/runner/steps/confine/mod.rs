//! Edge. The box of a confined step: what it sees and writes, and where it is at home.
//!
//! ```text
//! reads and starts   /usr /bin /sbin /lib* /opt /etc /proc /sys, `read`
//! uses               /dev/null and its like
//! writes             `dir` (with `releases` the release, and what it shares), HOME, TMPDIR, `write`
//! ```
//!
//! - HOME is `home/<hook>` of the spool and stays, so that caches stay warm. TMPDIR is `scratch/<job>` and goes with
//!   the attempt.
//! - A tree of the system that holds what is closed is opened around it, entry by entry. Links among the entries open
//!   nothing: what they lead to is open or not by its own place.
//! - What is left running at the step's end is ended with it.
//! - Nothing of the runner is in it: its descriptors close on exec, and Landlock keeps `/proc/<pid>` of processes
//!   outside as closed as their memory.

mod dirs;
mod left_behind;
mod places;
mod scratch;
mod surroundings;
mod trees;

pub(super) use left_behind::BoxTree;
pub use scratch::{clear_all_scratch, clear_scratch};

use super::attempt::{Attempt, Trouble};
use crate::config::{Plan, Step};
use crate::system::enclosure::{Enclosure, Sockets};
use crate::system::landlock::{Barrier, Enforced, Fence, Permit, offered};
use places::OwnPlaces;
use std::path::PathBuf;

/// Devices that hold nothing.
const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// The walls around a step.
#[derive(Debug)]
pub(super) struct Walls {
    /// The box itself.
    pub(super) enclosure: Enclosure,
    /// A value that marks the processes of this step alone.
    pub(super) mark: String,
}

/// The variable that marks the processes of a confined step.
pub(super) const STEP_MARK: &str = "HOOKSPOOL_BOX";

/// Gets the box of `step` ready, and the environment; none where the step has none, or may run without.
pub(super) fn raise(attempt: &mut Attempt<'_>, step: &Step) -> Result<Option<Walls>, Trouble> {
    let Some(confine) = attempt.plan.box_of(step) else { return Ok(None) };
    let enforced = match offered() {
        Ok(enforced) => enforced,
        Err(error) if confine.runs_without => {
            attempt.log.note(&format!("not confined: {error}"));
            attempt.confined = Some("not confined: no Landlock".to_owned());
            return Ok(None);
        }
        Err(error) => return Err(Trouble::refused(format!("cannot `confine` it: {error}"))),
    };
    let own = OwnPlaces::of(attempt, confine)?;
    let seen = places::seen(attempt, confine)?;
    surroundings::settle_in(attempt, step, &own, &seen);
    let sockets = Sockets { network: confine.network, local: confine.local_sockets };
    let enclosure = Enclosure::new(fence(&own, &seen), sockets)
        .map_err(|error| Trouble::refused(format!("cannot `confine` it: {error}")))?;
    attempt.confined = Some(described(enforced));
    let number = attempt.next_box();
    let mark = format!("{}-{number}", attempt.job);
    attempt.environment.set(STEP_MARK, &mark);
    Ok(Some(Walls { enclosure, mark }))
}

/// The box in words: the version of Landlock, and what that one cannot hold.
fn described(enforced: Enforced) -> String {
    let gaps = unheld(enforced);
    let but = if gaps.is_empty() { String::new() } else { format!("; this kernel does not hold {}", gaps.join(", ")) };
    format!("confined by Landlock {}{but}", enforced.version)
}

/// The limits of a confined step that a kernel cannot set. Sockets are refused by their families, on every kernel.
pub fn unheld(enforced: Enforced) -> Vec<&'static str> {
    let of_files = [Barrier::Truncation, Barrier::Devices, Barrier::Outsiders];
    of_files.into_iter().filter(|barrier| !enforced.covers(*barrier)).map(Barrier::name).collect()
}

/// The reason for which the steps of `plan` cannot run here at all: one wants a box, and the kernel has none.
pub fn missing(plan: &Plan) -> Option<String> {
    plan.boxes().find(|confine| !confine.runs_without)?;
    let error = offered().err()?;
    Some(format!("its steps are to be confined (`confine`), and {error}"))
}

fn fence(own: &OwnPlaces, seen: &[PathBuf]) -> Fence {
    let see = Permit::READ | Permit::EXECUTE;
    let manage = Permit::MANAGE | Permit::EXECUTE;
    let fence = seen.iter().fold(Fence::new(), |fence, tree| fence.allow(tree, see));
    let fence = own.told.iter().fold(fence, |fence, file| fence.allow(file, Permit::READ));
    let fence = DEVICES.iter().fold(fence, |fence, device| fence.allow(*device, Permit::DEVICE));
    let written = own.written.iter().chain([&own.home, &own.scratch]);
    written.fold(fence, |fence, place| fence.allow(place, manage))
}
