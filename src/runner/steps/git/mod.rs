//! Edge. `git = "update"`: the work tree becomes what the pushed branch's head, or the pushed tag, is now.
//!
//! - The head that the remote has now, not the commit that the delivery names: a replayed delivery deploys nothing old.
//! - Local changes of tracked files are overwritten, also a half-done merge, and named in the log; untracked and
//!   ignored files stay. Where a tracked file needs their place, nothing moves, or they are moved aside (`in_the_way`).
//! - The branch is checked out under its own name and follows the remote's; a tag is checked out detached.
//! - Submodules are at the commits that the pushed one names.
//! - The repository's hooks do not run.
//! - A first clone is an init and a fetch, so that one that was cut short goes on where it was, or begins anew from
//!   where `from` says now. Once there are files, the repository's own remote counts, until `from` changes.

mod answers;
mod changes;
mod command;
mod debris;
mod disk;
mod fetch;
mod filters;
mod guard;
mod heads;
mod mirror;
mod names;
mod packs;
mod people;
mod pin;
mod place;
mod reason;
mod submodules;
mod survey;
mod trouble;
mod unfinished;
mod update_note;
mod way;

pub use heads::{RemoteHead, Wanted, remote_heads};
pub use reason::cause_and_remedy;

pub(super) use mirror::{ReleaseTree, fill};

use super::attempt::{Attempt, Bounds, Trouble};
use crate::config::{GitUpdate, Plan, StepAction};
use crate::model::{EventKind, JobMeta, RefName};
use command::{Git, Talk};
use fetch::{Extent, Target};

/// Directory of a git directory into which files of people are moved that are in the way.
const ASIDE: &str = "hookspool-aside";

/// One update of a work directory.
#[derive(Debug, Clone, Copy)]
struct Update<'a> {
    options: &'a GitUpdate,
    meta: &'a JobMeta,
    /// Name of the remote.
    remote: &'a str,
    /// The work directory is empty, but for what an earlier clone began.
    is_first: bool,
}

/// Updates the work tree; the commit that it is at then, hex.
pub(super) fn update(
    attempt: &mut Attempt<'_>,
    options: &GitUpdate,
    meta: &JobMeta,
    bounds: Bounds,
) -> Result<String, Trouble> {
    let remote = options.remote.as_deref().unwrap_or("origin");
    check_remote_name(remote)?;
    let is_first = place::make_dir(attempt, options)?;
    let git = &mut Git::new(attempt, bounds)?;
    let is_new = is_first && !git.dir.join(".git").exists();
    let update = Update { options, meta, remote, is_first };
    let mut fetched = None;
    if is_new && options.from.is_some() {
        place::make_repository_dir(git)?;
    }
    git.begin_update()?;
    let done = update.run(git, &mut fetched);
    git.end_update();
    if done.is_err() && is_first && git.met_full_disk {
        debris::remove_half_clone(git, is_new, fetched.as_deref())?;
    }
    done
}

impl Update<'_> {
    fn run(&self, git: &mut Git<'_, '_>, fetched: &mut Option<String>) -> Result<String, Trouble> {
        let Self { options, meta, remote, is_first } = *self;
        place::prepare(git, options, remote, is_first)?;
        note_address(git, remote)?;
        let target = match &meta.reference {
            Some(name) => Target { theirs: name.clone(), ours: name.branch().map(str::to_owned) },
            None => fetch::upstream(git, remote)?,
        };
        let before = head(git)?;
        let extent = Extent { is_first, depth: options.depth };
        let there = fetch::fetch(git, remote, &target.theirs, extent)?;
        let commit = fetched.insert(pin::wanted(git, meta, &target.theirs, there)?).clone();
        refuse_untested(meta, &target.theirs, &commit)?;
        if let Some(before) = before.as_deref().filter(|_| options.forward_only) {
            refuse_older(git, &target.theirs, before, &commit)?;
        }
        let surveys = if is_first { Vec::new() } else { submodules::survey_all(git, &commit)? };
        way::make_way(git, &surveys, options.in_the_way)?;
        if let Some((_, survey)) = surveys.first() {
            way::prepare_index(git, survey)?;
        }
        unfinished::noted(git, &commit, |git| check_out(git, remote, &target, &commit))?;
        filters::check(git)?;
        submodules::update(git, &commit, options.in_the_way)?;
        let before = before.map_or_else(|| "none".to_owned(), |commit| format!("commit {commit}"));
        git.note(&format!("deployed commit {commit} of {}; previously {before}", target.theirs.as_str()));
        Ok(commit)
    }
}

/// The commit that the work tree of `git` is at.
fn head(git: &mut Git<'_, '_>) -> Result<Option<String>, Trouble> {
    git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])
}

/// `forward_only`: what is deployed stays part of what is deployed.
fn refuse_older(git: &mut Git<'_, '_>, theirs: &RefName, before: &str, commit: &str) -> Result<(), Trouble> {
    if git.ask(&["merge-base", "--is-ancestor", before, commit])?.is_some() {
        return Ok(());
    }
    let theirs = theirs.as_str();
    Err(Trouble::refused(format!(
        "`{theirs}` (commit {commit}) does not contain commit {before}, which is deployed: `forward_only` stops here"
    )))
}

/// A success of CI is one of its commit alone: while the branch is at another, nothing is deployed.
fn refuse_untested(meta: &JobMeta, theirs: &RefName, commit: &str) -> Result<(), Trouble> {
    match meta.after.as_deref().filter(|tested| meta.event == EventKind::Ci && *tested != commit) {
        None => Ok(()),
        Some(tested) => Err(Trouble::overtaken(format!(
            "CI succeeded on {tested}, and `{}` is at {commit}: it is deployed when CI has succeeded on that",
            theirs.as_str()
        ))),
    }
}

/// Lets messages name what is fetched from.
fn note_address(git: &mut Git<'_, '_>, remote: &str) -> Result<(), Trouble> {
    let address = git.ask(&["config", "--get", &format!("remote.{remote}.url")])?;
    git.set_address(address.as_deref().unwrap_or(remote));
    Ok(())
}

/// The options of the plan's first `git` step.
fn options_of(plan: &Plan) -> Option<&GitUpdate> {
    plan.steps.iter().find_map(|step| match &step.action {
        StepAction::Git(options) => Some(options),
        _ => None,
    })
}

/// A remote's name is an argument and a part of configuration keys.
fn check_remote_name(remote: &str) -> Result<(), Trouble> {
    let is_plain = RefName::branch_named(remote).is_some();
    is_plain.then_some(()).ok_or_else(|| Trouble::refused(format!("`{remote}` is not the name of a remote")))
}

/// Moves the work tree to `commit`.
fn check_out(git: &mut Git<'_, '_>, remote: &str, target: &Target, commit: &str) -> Result<(), Trouble> {
    const FORCE: [&str; 5] = ["checkout", "--quiet", "--progress", "--force", "--no-recurse-submodules"];
    let detached = [&FORCE[..], &["--detach", commit, "--"]].concat();
    let Some(ours) = target.ours.as_deref() else { return git.run(&detached) };
    let moved = git.attempt(&[&FORCE[..], &["-B", ours, commit, "--"]].concat(), Talk::Local)?;
    if fetch::is_name_in_the_way(&moved) {
        return git.run(&detached);
    }
    moved.map_err(|failure| git.explain(&failure))?;
    follow(git, remote, ours, &target.theirs)
}

/// Lets a new local branch follow the remote's, as a clone would.
fn follow(git: &mut Git<'_, '_>, remote: &str, ours: &str, theirs: &RefName) -> Result<(), Trouble> {
    let merge = format!("branch.{ours}.merge");
    if git.ask(&["config", "--get", &merge])?.is_some() {
        return Ok(());
    }
    git.run(&["config", &format!("branch.{ours}.remote"), remote])?;
    git.run(&["config", &merge, theirs.as_str()])
}
