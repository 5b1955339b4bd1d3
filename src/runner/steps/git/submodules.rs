//! Edge. Submodules: each is at the commit that the repository around it names.
//!
//! `git submodule update` obeys `update = merge` and `rebase` of `.gitmodules`, and overwrites files of people; so it
//! only makes submodules that are not there yet, and those that are there are moved as the repository itself is.

use super::command::Git;
use super::debris::remove_half_submodule;
use super::filters;
use super::guard;
use super::note_address;
use super::people::is_there;
use super::survey::survey;
use super::unfinished;
use super::way::{Surveys, make_way, prepare_index};
use crate::config::InTheWay;
use crate::runner::steps::attempt::Trouble;
use crate::runner::steps::record::StepResult;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A submodule that a commit names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Submodule {
    /// Its name in `.gitmodules`.
    name: String,
    /// Its place in the work tree.
    path: PathBuf,
    /// The commit that it is to be at, hex.
    commit: String,
}

/// Asks what a checkout of `commit` meets in the work tree of `git`, and in the submodules that are there.
pub(super) fn survey_all(git: &mut Git<'_, '_>, commit: &str) -> Result<Surveys, Trouble> {
    let mut surveys = vec![(PathBuf::new(), survey(git, commit)?)];
    for Submodule { name, path, commit } in submodules(git, commit)? {
        remove_half_submodule(git, &name, &path)?;
        if !is_there(git, &path) {
            continue;
        }
        let below = git.within(&path, |git| match fetch(git, &commit) {
            Ok(()) => survey_all(git, &commit),
            // Its address may be another by the new commit: `update` looks again.
            Err(Trouble { result: StepResult::Refused(_), .. }) => Ok(Vec::new()),
            Err(trouble) => Err(trouble),
        })?;
        surveys.extend(below.into_iter().map(|(place, survey)| (path.join(place), survey)));
    }
    Ok(surveys)
}

/// Moves each submodule of `commit`, which the work tree of `git` is at, to where it belongs, and theirs.
pub(super) fn update(git: &mut Git<'_, '_>, commit: &str, rule: InTheWay) -> Result<(), Trouble> {
    let submodules = submodules(git, commit)?;
    if submodules.is_empty() {
        return Ok(());
    }
    for Submodule { name, path, .. } in &submodules {
        remove_half_submodule(git, name, path)?;
    }
    git.run(&["submodule", "--quiet", "init"])?;
    git.run(&["submodule", "--quiet", "sync"])?;
    for submodule in submodules {
        if git.ask(&["config", "--get", &format!("submodule.{}.update", submodule.name)])?.as_deref() == Some("none") {
            git.note(&format!("submodule `{}` is left out: it says `update = none`", submodule.path.display()));
            continue;
        }
        let done = if is_there(git, &submodule.path) {
            git.within(&submodule.path, |git| check_out(git, &submodule, rule))
        } else {
            make(git, &submodule)
        };
        let path = submodule.path.display();
        let below = |git: &mut Git<'_, '_>| filters::check(git).and_then(|()| update(git, &submodule.commit, rule));
        done.and_then(|()| git.within(&submodule.path, below))
            .map_err(|trouble| trouble.within(&format!("submodule `{path}`")))?;
    }
    Ok(())
}

/// The submodules that `commit` has and that `.gitmodules` tells the address of.
fn submodules(git: &mut Git<'_, '_>, commit: &str) -> Result<Vec<Submodule>, Trouble> {
    if git.ask(&["cat-file", "-e", &format!("{commit}:.gitmodules")])?.is_none() {
        return Ok(Vec::new());
    }
    let blob = format!("{commit}:.gitmodules");
    let pattern = r"^submodule\..*\.path$";
    let Some(named) = git.ask(&["config", "--blob", &blob, "-z", "--get-regexp", pattern])? else {
        return Ok(Vec::new());
    };
    let mut submodules = Vec::new();
    for (name, path) in named.split('\0').filter_map(parse_entry) {
        let words = ["ls-tree", "-z", "--full-tree", commit, "--"].map(OsString::from);
        let entries = git.list(&[&words[..], &[path.clone().into()]].concat())?;
        let commit =
            entries.iter().find_map(|entry| entry.strip_prefix(b"160000 commit ")?.split(|&b| b == b'\t').next());
        let commit = commit.map(|commit| String::from_utf8_lossy(commit).into_owned());
        submodules.extend(commit.map(|commit| Submodule { name, path, commit }));
    }
    if git.is_guarded && !submodules.is_empty() {
        return Err(guard::no_submodules(git));
    }
    Ok(submodules)
}

/// Name and path in `submodule.<name>.path`, line end, path. A name is a path below `modules/` of the git directory.
fn parse_entry(entry: &str) -> Option<(String, PathBuf)> {
    let (key, path) = entry.split_once('\n')?;
    let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
    let is_plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    is_plain.then(|| (name.to_owned(), PathBuf::from(path.trim_end_matches('/'))))
}

/// Sees to it that the submodule that `git` works in has `commit`.
fn fetch(git: &mut Git<'_, '_>, commit: &str) -> Result<(), Trouble> {
    const FETCH: [&str; 4] = ["fetch", "--progress", "--no-tags", "--no-recurse-submodules"];
    if git.has_commit(commit)? {
        return Ok(());
    }
    let remotes = git.ask(&["remote"])?.unwrap_or_default();
    let remote = remotes.lines().find(|name| *name == "origin").or_else(|| remotes.lines().next()).unwrap_or("origin");
    note_address(git, remote)?;
    let words = [&FETCH[..], &["--", remote]].concat();
    git.fetch(&words)?.map_err(|failure| git.explain(&failure))?;
    if !git.has_commit(commit)? {
        let words = [&words[..], &[commit]].concat();
        git.fetch(&words)?.map_err(|failure| git.explain(&failure))?;
    }
    Ok(())
}

/// Moves the submodule that `git` works in.
fn check_out(git: &mut Git<'_, '_>, submodule: &Submodule, rule: InTheWay) -> Result<(), Trouble> {
    let commit = &submodule.commit;
    fetch(git, commit)?;
    let survey = survey(git, commit)?;
    let place = git.place();
    let surveys = vec![(place, survey)];
    git.at_top(|git| make_way(git, &surveys, rule))?;
    prepare_index(git, &surveys[0].1)?;
    unfinished::noted(git, commit, |git| {
        git.run(&["checkout", "--quiet", "--progress", "--force", "--no-recurse-submodules", "--detach", commit, "--"])
    })
}

/// Clones a submodule that is not there, or uses the repository that an earlier one of its name left.
fn make(git: &mut Git<'_, '_>, submodule: &Submodule) -> Result<(), Trouble> {
    let Submodule { name, path, .. } = submodule;
    let place = git.dir.join(path);
    if fs::read_dir(&place).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Trouble::refused(format!(
            "`{}` is in the way: it holds files, and no repository",
            place.display()
        )));
    }
    let left = git.common_dir()?.join("modules").join(name);
    let url = git.ask(&["config", "--get", &format!("submodule.{name}.url")])?;
    git.set_address(url.as_deref().unwrap_or_default());
    if let (true, Some(url)) = (left.join("config").is_file(), url) {
        let config = left.join("config");
        let words = [OsStr::new("config"), OsStr::new("--file"), config.as_os_str()];
        git.run(&[&words[..], &["remote.origin.url", &url].map(OsStr::new)].concat())?;
    }
    let words = ["submodule", "update", "--init", "--checkout", "--force", "--progress", "--"].map(OsStr::new);
    git.run_remote(&[&words[..], &[path.as_os_str()]].concat())
}
