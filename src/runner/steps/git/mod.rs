//! Edge. `git = "update"`: the work tree becomes what the pushed branch's head, or the pushed tag, is now.
//!
//! - The head that the remote has now, not the commit that the delivery names: a replayed delivery deploys nothing old.
//! - Local changes of tracked files are overwritten, also a half-done merge, and named in the log; untracked and
//!   ignored files stay. Where a tracked file needs their place, nothing moves, or they are moved aside (`in_the_way`).
//! - The branch is checked out under its own name and follows the remote's; a tag is checked out detached.
//! - Submodules are at the commits that the pushed one names.
//! - The repository's hooks do not run.
//! - A first clone is an init and a fetch, so that one that was cut short goes on where it was, or begins anew from
//!   where `from` says now. Once there are files, the repository's own remote counts.

mod changes;
mod command;
mod filters;
mod heads;
mod reason;
mod submodules;
mod survey;
mod trouble;
mod unfinished;
mod way;

pub use heads::{Head, Wanted, remote_heads};

use super::attempt::{Attempt, Bounds, Trouble};
use crate::config::{GitUpdate, Plan, StepAction};
use crate::model::{EventKind, JobMeta, RefName, without_credentials};
use crate::system::errno::words;
use command::{Git, Talk};
use std::fs;
use trouble::{Cause, Failure};
use way::{make_way, prepare_index};

/// What to fetch, and what to call it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    /// Branch or tag of the remote.
    theirs: RefName,
    /// Local branch to move; `None`: detached.
    ours: Option<String>,
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
    let is_empty = make_dir(attempt, options)?;
    let git = &mut Git::new(attempt, bounds)?;
    prepare(git, options, remote, is_empty)?;
    note_address(git, remote)?;
    let target = match &meta.reference {
        Some(name) => Target { theirs: name.clone(), ours: name.branch().map(str::to_owned) },
        None => upstream(git, remote)?,
    };
    let before = git.ask(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
    let commit = fetch(git, remote, &target.theirs)?;
    refuse_untested(meta, &target.theirs, &commit)?;
    let surveys = if is_empty { Vec::new() } else { submodules::survey_all(git, &commit)? };
    make_way(git, &surveys, options.in_the_way)?;
    if let Some((_, survey)) = surveys.first() {
        prepare_index(git, survey)?;
    }
    unfinished::noted(git, &commit, |git| check_out(git, remote, &target, &commit))?;
    filters::check(git)?;
    submodules::update(git, &commit, options.in_the_way)?;
    let before = before.map_or_else(|| "none".to_owned(), |commit| format!("commit {commit}"));
    git.note(&format!("deployed commit {commit} of {}; previously {before}", target.theirs.as_str()));
    Ok(commit)
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

/// Makes the work directory if it may be cloned into; whether it is empty, but for what an earlier clone began.
fn make_dir(attempt: &Attempt<'_>, options: &GitUpdate) -> Result<bool, Trouble> {
    let dir = &attempt.plan.dir;
    let cannot = |error| Trouble::refused(format!("cannot use `{}`: {}", dir.display(), words(&error)));
    if options.from.is_some() {
        fs::create_dir_all(dir).map_err(cannot)?;
    } else {
        super::lookup::directory(dir)
            .map_err(|why| Trouble::refused(format!("{why}; `from` would say where to clone it from")))?;
    }
    Ok(fs::read_dir(dir).map_err(cannot)?.flatten().all(|entry| entry.file_name() == ".git"))
}

/// Sees to it that there is a work tree, and a remote.
fn prepare(git: &mut Git<'_, '_>, options: &GitUpdate, remote: &str, is_empty: bool) -> Result<(), Trouble> {
    if is_empty && options.from.is_some() {
        git.run(&["init", "--quiet"])?;
    }
    git.run(&["rev-parse", "--quiet", "--git-dir"])?;
    if git.ask(&["rev-parse", "--is-inside-work-tree"])?.as_deref() != Some("true") {
        return Err(Trouble::refused(format!("`{}` is not the top of a work tree", git.dir.display())));
    }
    let url = format!("remote.{remote}.url");
    let there = git.ask(&["config", "--get", &url])?;
    let Some(from) = options.from.as_deref() else {
        let refusal = || Trouble::refused(format!("the repository has no remote `{remote}`"));
        return there.map(drop).ok_or_else(refusal);
    };
    if let Some(there) = there.filter(|there| !is_empty || there == from) {
        if there != from {
            git.note(&format!("fetching from {there}, as the repository says; `from` is for an empty directory"));
        }
        return Ok(());
    }
    if from.starts_with('-') {
        return Err(Trouble::refused("`from` begins with `-`"));
    }
    git.note(&format!("cloning {}", without_credentials(from)));
    git.run(&["config", &format!("remote.{remote}.fetch"), &format!("+refs/heads/*:refs/remotes/{remote}/*")])?;
    git.run(&["config", &url, from])
}

/// Where the current branch comes from, or else the remote's default branch.
fn upstream(git: &mut Git<'_, '_>, remote: &str) -> Result<Target, Trouble> {
    let head = git.ask(&["symbolic-ref", "--quiet", "HEAD"])?;
    if let Some(ours) = head.as_deref().and_then(|head| RefName::parse(head)?.branch().map(str::to_owned)) {
        let is_theirs = git.ask(&["config", "--get", &format!("branch.{ours}.remote")])?.as_deref() == Some(remote);
        let merge = git.ask(&["config", "--get", &format!("branch.{ours}.merge")])?;
        if let (true, Some(theirs)) = (is_theirs, merge.as_deref().and_then(RefName::parse)) {
            return Ok(Target { theirs, ours: Some(ours) });
        }
    }
    let answer = git.ask_remote(&["ls-remote", "--symref", "--", remote, "HEAD"])?.unwrap_or_default();
    let head = answer.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
    if let Some(theirs) = head.and_then(RefName::parse) {
        return Ok(Target { ours: theirs.branch().map(str::to_owned), theirs });
    }
    git.run_remote(&["ls-remote", "--quiet", "--", remote, "HEAD"])?; // says why, if the remote could not be asked
    Err(Trouble::refused(format!("the delivery names no branch, and `{remote}` has no default one")))
}

/// Fetches `theirs`, and no tag or branch that nobody asked for; the commit that it is.
fn fetch(git: &mut Git<'_, '_>, remote: &str, theirs: &RefName) -> Result<String, Trouble> {
    let full = theirs.as_str();
    let here = theirs.branch().map_or_else(|| full.to_owned(), |branch| format!("refs/remotes/{remote}/{branch}"));
    let wants_tags = git.ask(&["config", "--get", &format!("remote.{remote}.tagOpt")])?.as_deref() == Some("--tags");
    let args = |tags, refspec| ["fetch", "--progress", "--no-recurse-submodules", tags, "--", remote, refspec];
    let refspec = format!("+{full}:{here}");
    let tags = if wants_tags { "--tags" } else { "--no-tags" };
    let mut fetched = git.attempt(&args(tags, &refspec), Talk::Remote)?;
    let mut there = here.as_str();
    if is_name_in_the_way(&fetched) {
        git.run_remote(&["remote", "prune", "--", remote])?;
        fetched = git.attempt(&args("--no-tags", &refspec), Talk::Remote)?;
    }
    if is_name_in_the_way(&fetched) {
        fetched = git.attempt(&args("--no-tags", full), Talk::Remote)?;
        there = "FETCH_HEAD";
    }
    match fetched {
        Ok(()) => {}
        Err(Failure { cause: Cause::Vanished, .. }) => return Err(vanished(git, remote, theirs)?),
        Err(failure) => return Err(git.explain(&failure)),
    }
    let commit = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{there}^{{commit}}")])?;
    commit.ok_or_else(|| Trouble::refused(format!("`{full}` of `{remote}` is not a commit")))
}

/// Why the remote does not have `theirs`.
fn vanished(git: &mut Git<'_, '_>, remote: &str, theirs: &RefName) -> Result<Trouble, Trouble> {
    let full = theirs.as_str();
    let branches = git.ask_remote(&["ls-remote", "--heads", "--", remote])?;
    Ok(Trouble::refused(match branches.as_deref() {
        Some("") => {
            format!("`{}` has no branches: it is empty, or it is not the repository of the push", git.address())
        }
        _ => format!(
            "`{full}` is not at `{}`: it was deleted after the push, or it is not the repository of the push",
            git.address()
        ),
    }))
}

fn is_name_in_the_way(done: &Result<(), Failure>) -> bool {
    matches!(done, Err(Failure { cause: Cause::NameInTheWay, .. }))
}

/// Moves the work tree to `commit`.
fn check_out(git: &mut Git<'_, '_>, remote: &str, target: &Target, commit: &str) -> Result<(), Trouble> {
    const FORCE: [&str; 5] = ["checkout", "--quiet", "--progress", "--force", "--no-recurse-submodules"];
    let detached = [&FORCE[..], &["--detach", commit, "--"]].concat();
    let Some(ours) = target.ours.as_deref() else { return git.run(&detached) };
    let moved = git.attempt(&[&FORCE[..], &["-B", ours, commit, "--"]].concat(), Talk::Local)?;
    if is_name_in_the_way(&moved) {
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
