//! Edge. A commit that a person names, in the place of a ref's head.

use super::command::Git;
use crate::model::{JobMeta, RefName};
use crate::runner::steps::attempt::Trouble;

/// The commit that the job of `meta` is for: the head `there` of `theirs`, or an older one that a person wants instead.
/// It must be a part of what was fetched: whoever may deploy a branch may deploy what it was, and nothing else.
pub(super) fn wanted(
    git: &mut Git<'_, '_>,
    meta: &JobMeta,
    theirs: &RefName,
    there: String,
) -> Result<String, Trouble> {
    let Some(typed) = meta.wish.as_ref().and_then(|wish| wish.commit.as_deref()) else { return Ok(there) };
    let theirs = theirs.as_str();
    let known = git.ask(&["rev-parse", "--verify", "--quiet", &format!("{typed}^{{commit}}")])?;
    // A branch may be called like the beginning of a commit.
    let Some(commit) = known.filter(|commit| commit.starts_with(typed)) else {
        let text = format!("`{theirs}` has no commit {typed}, or none of the history that is fetched (`depth`)");
        return Err(Trouble::refused(text));
    };
    if git.ask(&["merge-base", "--is-ancestor", &commit, &there])?.is_none() {
        return Err(Trouble::refused(format!("commit {commit} is no part of `{theirs}`, which is at {there}")));
    }
    git.note(&format!("commit {commit} was asked for; `{theirs}` is at {there}"));
    Ok(commit)
}
