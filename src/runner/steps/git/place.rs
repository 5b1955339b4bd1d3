//! Edge. The work directory: that it is there, a work tree, and where it comes from.

use super::command::Git;
use super::debris::MADE_FROM;
use crate::config::GitUpdate;
use crate::model::without_credentials;
use crate::runner::steps::attempt::{Attempt, Trouble};
use crate::runner::steps::lookup;
use crate::system::errno::words;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Makes the work directory if it may be cloned into; whether it is empty, but for what an earlier clone began.
pub(super) fn make_dir(attempt: &Attempt<'_>, options: &GitUpdate) -> Result<bool, Trouble> {
    let dir = &attempt.dir;
    let cannot = |error| Trouble::refused(format!("cannot use `{}`: {}", dir.display(), words(&error)));
    if options.from.is_some() {
        make_all(dir).map_err(cannot)?;
    } else {
        lookup::directory(dir)
            .map_err(|why| Trouble::refused(format!("{why}; `from` would say where to clone it from")))?;
    }
    Ok(fs::read_dir(dir).map_err(cannot)?.flatten().all(|entry| entry.file_name() == ".git"))
}

/// Makes `dir` with the mode of the directories that steps make in it: a web server is another user, and the umask of
/// this process is its service manager's.
fn make_all(dir: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(dir)?;
    missing.into_iter().try_for_each(|path| fs::set_permissions(path, Permissions::from_mode(0o755)))
}

/// Sees to it that there is a work tree, and a remote.
pub(super) fn prepare(git: &mut Git<'_, '_>, options: &GitUpdate, remote: &str, is_empty: bool) -> Result<(), Trouble> {
    // Also where an init was cut short.
    if is_empty && options.from.is_some() && git.ask(&["rev-parse", "--git-dir"])?.is_none() {
        remove_empty_head(&git.repository());
        init(git, "sha1")?;
    }
    match git.ask(&["rev-parse", "--is-inside-work-tree"])?.as_deref() {
        Some("true") => {}
        Some(_) if git.is_bare() => {}
        Some(_) => return Err(Trouble::refused(format!("`{}` is not the top of a work tree", git.dir.display()))),
        None => git.run(&["rev-parse", "--quiet", "--git-dir"])?, // says why
    }
    let there = git.ask(&["config", "--get", &format!("remote.{remote}.url")])?;
    match (options.from.as_deref(), there) {
        (None, Some(_)) => Ok(()),
        (None, None) => Err(Trouble::refused(format!("the repository has no remote `{remote}`"))),
        (Some(from), _) if from.starts_with('-') => Err(Trouble::refused("`from` begins with `-`")),
        (Some(from), Some(there)) if !is_empty => follow_from(git, remote, from, &there),
        (Some(from), _) => {
            git.note(&format!("cloning {}", without_credentials(from)));
            set_remote(git, remote, from)
        }
    }
}

/// `true` if the bare repository `dir` was begun: its HEAD says something.
pub(super) fn is_begun(dir: &Path) -> bool {
    fs::metadata(dir.join("HEAD")).is_ok_and(|head| head.len() > 0)
}

/// Removes a HEAD of which a power cut has left nothing but the name: git takes it for one, and makes no other.
fn remove_empty_head(repository: &Path) {
    if !is_begun(repository) {
        let _there_was_none = fs::remove_file(repository.join("HEAD"));
    }
}

/// Makes the directory that a repository comes into.
pub(super) fn make_repository_dir(git: &Git<'_, '_>) -> Result<(), Trouble> {
    let dir = git.repository();
    fs::create_dir(&dir)
        .map_err(|error| Trouble::refused(format!("cannot make `{}`: {}", dir.display(), words(&error))))
}

/// Makes the repository, with objects of this `format`, whatever the user's default is.
fn init(git: &mut Git<'_, '_>, format: &str) -> Result<(), Trouble> {
    let format = format!("--object-format={format}");
    let bare = if git.is_bare() { &["--bare"][..] } else { &[] };
    git.run(&[&["init", "--quiet", &format], bare].concat())
}

/// Makes a repository without a commit anew, since the remote's objects are of this `format`; `false` if that is none,
/// or the repository somebody else's.
pub(super) fn init_again(git: &mut Git<'_, '_>, remote: &str, format: &str) -> Result<bool, Trouble> {
    let made_from = git.ask(&["config", "--get", MADE_FROM])?;
    let (Some(from), None, "sha1" | "sha256") = (made_from, super::head(git)?, format) else { return Ok(false) };
    let repository = git.repository();
    let cannot = |error| Trouble::refused(format!("cannot remove `{}`: {}", repository.display(), words(&error)));
    fs::remove_dir_all(&repository).map_err(cannot)?;
    make_repository_dir(git)?;
    init(git, format)?;
    set_remote(git, remote, &from)?;
    Ok(true)
}

fn set_remote(git: &mut Git<'_, '_>, remote: &str, from: &str) -> Result<(), Trouble> {
    let refspec = format!("+refs/heads/*:refs/remotes/{remote}/*");
    let settings = [(format!("remote.{remote}.fetch"), refspec.as_str()), (format!("remote.{remote}.url"), from)];
    for (key, value) in settings.iter().map(|(key, value)| (key.as_str(), *value)).chain([(MADE_FROM, from)]) {
        git.run(&["config", "--replace-all", key, value])?;
    }
    Ok(())
}

/// The repository's own remote counts, until `from` changes: `there` is the remote's address.
fn follow_from(git: &mut Git<'_, '_>, remote: &str, from: &str, there: &str) -> Result<(), Trouble> {
    let made_from = git.ask(&["config", "--get", MADE_FROM])?;
    match made_from {
        Some(made_from) if made_from == from => {
            if there != from {
                git.note(&format!("fetching from {there}, as the repository says; `from` was for the first clone"));
            }
            Ok(())
        }
        Some(made_from) => {
            git.note(&format!("`from` has changed: fetching from {from}, no longer from {made_from}"));
            git.run(&["config", "--replace-all", &format!("remote.{remote}.url"), from])?;
            git.run(&["config", "--replace-all", MADE_FROM, from])
        }
        None if is_same_place(there, from) => git.run(&["config", MADE_FROM, from]),
        None => Err(Trouble::refused(format!(
            "`{dir}` was cloned from {there}, and `from` says {from}; to follow `from` run \
             `git -C {dir} remote set-url {remote} {from}`, or leave `from` out",
            dir = git.dir.display(),
            there = without_credentials(there),
            from = without_credentials(from),
        ))),
    }
}

/// `true` if two addresses differ in nothing but what forges ignore.
fn is_same_place(one: &str, other: &str) -> bool {
    let plain = |address: &str| {
        let address = without_credentials(address);
        let address = address.strip_prefix("file://").unwrap_or(&address).trim_end_matches('/');
        address.strip_suffix(".git").unwrap_or(address).to_owned()
    };
    plain(one) == plain(other)
}
