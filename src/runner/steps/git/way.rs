//! Edge. The fate of people's files that a checkout would remove or write over.

use super::ASIDE;
use super::command::Git;
use super::names::names;
use super::survey::Survey;
use super::unfinished;
use crate::config::InTheWay;
use crate::runner::steps::attempt::Trouble;
use crate::system::errno::words;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// Most paths in one command line.
const PATHS_AT_ONCE: usize = 100;

/// Surveys of the repository and each submodule that is there, by their places below the work directory.
pub(super) type Surveys = Vec<(PathBuf, Survey)>;

/// Stops with the names of what is in the way, or moves it aside; then tells of the changes that are overwritten.
pub(super) fn make_way(git: &mut Git<'_, '_>, surveys: &Surveys, rule: InTheWay) -> Result<(), Trouble> {
    let all = |of: fn(&Survey) -> Vec<&PathBuf>| -> Vec<PathBuf> {
        surveys.iter().flat_map(|(place, survey)| of(survey).into_iter().map(|path| place.join(path))).collect()
    };
    let in_the_way = all(|survey| survey.in_the_way.iter().collect());
    match rule {
        _ if in_the_way.is_empty() => {}
        InTheWay::Stop => return Err(Trouble::refused(refusal(&in_the_way))),
        InTheWay::MoveAside => move_aside(git, &in_the_way)?,
    }
    let changed = all(|survey| survey.changed_here.iter().collect());
    if !changed.is_empty() {
        git.note(&format!("local changes of tracked files are overwritten: {}", names(&changed)));
    }
    Ok(())
}

fn refusal(in_the_way: &[PathBuf]) -> String {
    let names = names(in_the_way);
    format!(
        "files that git does not track are in the way of the commit: {names}; \
         move them, or set `in_the_way = \"move-aside\"`"
    )
}

/// Moves `paths` below the git directory, where no checkout touches them.
fn move_aside(git: &mut Git<'_, '_>, paths: &[PathBuf]) -> Result<(), Trouble> {
    let aside = unused(&git.git_dir()?.join(ASIDE).join(git.attempt_name()));
    for path in paths {
        let (from, to) = (git.dir.join(path), aside.join(path));
        let moved = fs::create_dir_all(to.parent().unwrap_or(&aside)).and_then(|()| fs::rename(&from, &to));
        moved.map_err(|error| {
            Trouble::refused(format!("cannot move `{}` to `{}`: {}", from.display(), to.display(), words(&error)))
        })?;
    }
    git.note(&format!("moved to {}, since they were in the way: {}", aside.display(), names(paths)));
    Ok(())
}

/// `dir`, or that with a number behind it where there is one of that name: nothing moved aside replaces anything.
fn unused(dir: &Path) -> PathBuf {
    let numbered = (2..).map(|number: u32| {
        let mut name = dir.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    });
    let mut names = std::iter::once(dir.to_owned()).chain(numbered);
    names.find(|dir| !dir.exists()).unwrap_or_else(|| dir.to_owned())
}

/// Prepares the index of the work tree of `git` for a checkout that `survey` found possible.
pub(super) fn prepare_index(git: &mut Git<'_, '_>, survey: &Survey) -> Result<(), Trouble> {
    run_on(git, &["update-index", "--no-skip-worktree"], survey.unskipped.iter())?;
    run_on(git, &["rm", "--cached", "--quiet", "--ignore-unmatch"], survey.added_here.iter())?;
    for path in &survey.left_submodules {
        unfinished::forget(&git.within(path, Git::git_dir)?);
    }
    run_on(git, &["submodule", "--quiet", "deinit", "--force"], survey.left_submodules.iter())
}

fn run_on<'p>(
    git: &mut Git<'_, '_>,
    command: &[&str],
    paths: impl Iterator<Item = &'p PathBuf>,
) -> Result<(), Trouble> {
    let paths: Vec<&Path> = paths.map(PathBuf::as_path).collect();
    for some in paths.chunks(PATHS_AT_ONCE) {
        let words = command.iter().map(OsStr::new).chain([OsStr::new("--")]);
        let words: Vec<OsString> = words.chain(some.iter().map(|path| path.as_os_str())).map(OsStr::to_owned).collect();
        git.run(&words)?;
    }
    Ok(())
}
