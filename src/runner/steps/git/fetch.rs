//! Edge. The ref that the delivery, or else the work tree, follows; and its commit, from the remote.

use super::command::Git;
use super::place;
use super::trouble::{Cause, GitFailure};
use crate::model::RefName;
use crate::runner::steps::attempt::Trouble;

/// The ref to fetch, and its name here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Branch or tag of the remote.
    pub(super) theirs: RefName,
    /// Local branch to move; `None`: detached.
    pub(super) ours: Option<String>,
}

/// The part of a history that is fetched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Nothing is here yet.
    pub(super) is_first: bool,
    /// `depth`.
    pub(super) depth: Option<u32>,
}

/// The upstream of the current branch, or else the remote's default branch.
pub(super) fn upstream(git: &mut Git<'_, '_>, remote: &str) -> Result<Target, Trouble> {
    let head = git.ask(&["symbolic-ref", "--quiet", "HEAD"])?;
    if let Some(ours) = head.as_deref().and_then(|head| RefName::parse(head)?.branch().map(str::to_owned)) {
        let is_theirs = git.ask(&["config", "--get", &format!("branch.{ours}.remote")])?.as_deref() == Some(remote);
        let merge = git.ask(&["config", "--get", &format!("branch.{ours}.merge")])?;
        if let (true, Some(theirs)) = (is_theirs, merge.as_deref().and_then(RefName::parse)) {
            return Ok(Target { theirs, ours: Some(ours) });
        }
    }
    // An answer over HTTP that is cut at its head reads as that of a remote without refs.
    for _twice in 0..2 {
        let answer = git.ask_remote(&["ls-remote", "--symref", "--", remote, "HEAD"])?.unwrap_or_default();
        let head = answer.lines().find_map(|line| line.strip_prefix("ref: ")?.strip_suffix("\tHEAD"));
        if let Some(theirs) = head.and_then(RefName::parse) {
            return Ok(Target { ours: theirs.branch().map(str::to_owned), theirs });
        }
        git.run_remote(&["ls-remote", "--quiet", "--", remote, "HEAD"])?; // says why, if it could not be asked
    }
    Err(Trouble::refused(format!("the delivery names no branch, and `{remote}` has no default one")))
}

/// Fetches `theirs`, and no tag or branch that nobody asked for; the commit that it is.
pub(super) fn fetch(git: &mut Git<'_, '_>, remote: &str, theirs: &RefName, extent: Extent) -> Result<String, Trouble> {
    let full = theirs.as_str();
    let here = theirs.branch().map_or_else(|| full.to_owned(), |branch| format!("refs/remotes/{remote}/{branch}"));
    let wants_tags = git.ask(&["config", "--get", &format!("remote.{remote}.tagOpt")])?.as_deref() == Some("--tags");
    // The objects of a first fetch stay in the pack in which they come: to write each by itself takes longer.
    let limit = if extent.is_first { "fetch.unpackLimit=1" } else { "fetch.unpackLimit=100" };
    let depth = extent.depth.map(|depth| format!("--depth={depth}"));
    let args = |tags, refspec| {
        let words = ["-c", limit, "fetch", "--progress", "--no-recurse-submodules", tags];
        words.into_iter().chain(depth.as_deref()).chain(["--", remote, refspec]).map(str::to_owned).collect::<Vec<_>>()
    };
    let refspec = format!("+{full}:{here}");
    let tags = if wants_tags { "--tags" } else { "--no-tags" };
    let mut fetched = git.fetch(&args(tags, &refspec))?;
    if let Err(GitFailure { cause: Cause::OtherFormat(format), .. }) = &fetched
        && place::init_again(git, remote, format)?
    {
        fetched = git.fetch(&args(tags, &refspec))?;
    }
    let mut there = here.as_str();
    if is_name_in_the_way(&fetched) {
        git.run_remote(&["remote", "prune", "--", remote])?;
        fetched = git.fetch(&args("--no-tags", &refspec))?;
    }
    if is_name_in_the_way(&fetched) {
        fetched = git.fetch(&args("--no-tags", full))?;
        there = "FETCH_HEAD";
    }
    match fetched {
        Ok(()) => {}
        Err(GitFailure { cause: Cause::Vanished, .. }) => return Err(vanished(git, remote, theirs)?),
        Err(failure) => return Err(git.explain(&failure)),
    }
    let commit = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{there}^{{commit}}")])?;
    commit.ok_or_else(|| Trouble::refused(format!("`{full}` of `{remote}` is not a commit")))
}

/// The trouble that the remote does not have `theirs`. An answer over HTTP that is cut at its head reads as that of a
/// remote without refs: so it is asked again.
fn vanished(git: &mut Git<'_, '_>, remote: &str, theirs: &RefName) -> Result<Trouble, Trouble> {
    let full = theirs.as_str();
    let Some(refs) = git.ask_remote(&["ls-remote", "--", remote, full, "refs/heads/*"])? else {
        git.run_remote(&["ls-remote", "--quiet", "--", remote, "HEAD"])?; // says why
        return Ok(Trouble::passing(format!(
            "the remote could not be reached: `{}` did not name its branches",
            git.address()
        )));
    };
    let address = git.address();
    let is_there = refs.lines().any(|line| line.split_once('\t').is_some_and(|(_, name)| name == full));
    Ok(match refs.as_str() {
        _ if is_there => Trouble::passing(format!("the remote could not be reached: an answer of `{address}` was cut")),
        "" => Trouble::refused(format!(
            "`{address}` has no branches: it is empty, or it is not the repository of the push"
        )),
        _ => Trouble::refused(format!(
            "`{full}` is not at `{address}`: it was deleted after the push, or it is not the repository of the push"
        )),
    })
}

pub(super) fn is_name_in_the_way(done: &Result<(), GitFailure>) -> bool {
    matches!(done, Err(GitFailure { cause: Cause::NameInTheWay, .. }))
}
