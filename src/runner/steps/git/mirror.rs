//! Edge. `git = "update"` of a hook with `releases`: a bare repository is brought up to date, and a tree of it is
//! checked out into a new directory, with submodules and filters, and without `.git`.

use super::command::Git;
use super::debris::remove_half_clone;
use super::fetch::{self, Extent, Target};
use super::{
    check_out, check_remote_name, filters, note_address, pin, place, refuse_older, refuse_untested, submodules,
};
use crate::config::GitUpdate;
use crate::model::JobMeta;
use crate::runner::steps::attempt::{Attempt, Bounds, Trouble};
use crate::system::errno::words;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The tree to be made.
pub(in crate::runner::steps) struct ReleaseTree<'a> {
    /// The bare repository, whose directory exists.
    pub(in crate::runner::steps) bare: &'a Path,
    /// The commit of the release that is served, hex.
    pub(in crate::runner::steps) deployed: Option<&'a str>,
    /// Makes an empty directory for the tree of a commit.
    pub(in crate::runner::steps) make: &'a mut dyn FnMut(&str) -> Result<PathBuf, Trouble>,
}

/// Fetches what was pushed, and checks it out into a directory that is made for it; the commit, hex.
pub(in crate::runner::steps) fn fill(
    attempt: &mut Attempt<'_>,
    options: &GitUpdate,
    meta: &JobMeta,
    bounds: Bounds,
    tree: &mut ReleaseTree<'_>,
) -> Result<String, Trouble> {
    let remote = options.remote.as_deref().unwrap_or("origin");
    check_remote_name(remote)?;
    let git = &mut Git::of_bare(attempt, tree.bare, bounds)?;
    let is_new = !place::is_begun(tree.bare);
    if is_new && options.from.is_none() {
        let text = format!("`{}` holds no repository; `from` would say where releases come from", tree.bare.display());
        return Err(Trouble::refused(text));
    }
    git.begin_update()?;
    let done = check_out_release(git, options, meta, is_new, tree);
    git.end_update();
    if done.is_err() && is_new && git.met_full_disk {
        git.enter_tree(tree.bare);
        remove_half_clone(git, is_new, None)?;
    }
    done
}

fn check_out_release(
    git: &mut Git<'_, '_>,
    options: &GitUpdate,
    meta: &JobMeta,
    is_new: bool,
    tree: &mut ReleaseTree<'_>,
) -> Result<String, Trouble> {
    let remote = options.remote.as_deref().unwrap_or("origin");
    place::prepare(git, options, remote, is_new)?;
    note_address(git, remote)?;
    let target = match &meta.reference {
        Some(name) => Target { theirs: name.clone(), ours: name.branch().map(str::to_owned) },
        None => fetch::upstream(git, remote)?,
    };
    let extent = Extent { is_first: is_new, depth: options.depth };
    let there = fetch::fetch(git, remote, &target.theirs, extent)?;
    let commit = pin::wanted(git, meta, &target.theirs, there)?;
    refuse_untested(meta, &target.theirs, &commit)?;
    if let Some(before) = tree.deployed.filter(|_| options.forward_only) {
        refuse_older(git, &target.theirs, before, &commit)?;
    }
    let dir = (tree.make)(&commit)?;
    git.enter_tree(&dir);
    // What the index knows is in the tree of another release.
    let _there_was_none = fs::remove_file(tree.bare.join("index"));
    check_out(git, remote, &target, &commit)?;
    filters::check(git)?;
    submodules::update(git, &commit, options.in_the_way)?;
    remove_ways_to_repositories(&dir)?;
    let before = tree.deployed.map_or_else(|| "none".to_owned(), |commit| format!("commit {commit}"));
    git.note(&format!("checked out commit {commit} of {}; current is {before}", target.theirs.as_str()));
    Ok(commit)
}

/// Removes the files `.git` of submodules below `dir`: what is served tells nobody where its repository is.
fn remove_ways_to_repositories(dir: &Path) -> Result<(), Trouble> {
    let failed = |path: &Path, error: &io::Error| {
        Trouble::failed(error, format!("cannot look through `{}`: {}", path.display(), words(error)))
    };
    for entry in fs::read_dir(dir).map_err(|error| failed(dir, &error))? {
        let entry = entry.map_err(|error| failed(dir, &error))?;
        let (path, is_dir) = (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
        if entry.file_name() == ".git" {
            let removed = if is_dir { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.map_err(|error| failed(&path, &error))?;
        } else if is_dir {
            remove_ways_to_repositories(&path)?;
        }
    }
    Ok(())
}
