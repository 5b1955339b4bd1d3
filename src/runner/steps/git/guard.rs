//! Edge. A repository in a work directory that confined steps write to: what they could leave there would have git
//! start a program, or write elsewhere, outside of their box.
//!
//! - Its configuration holds what git itself writes there, and nothing that names a program or another file.
//! - In its directory are files and directories, and no link.
//! - Submodules are refused: each would be one more repository of that kind.
//!
//! A repository of releases is out of the steps' reach, and is not looked at.

use super::command::Git;
use crate::config::{Plan, StepAction};
use crate::model::without_credentials;
use crate::runner::steps::attempt::{Attempt, Trouble};
use crate::runner::steps::lookup::cause;
use std::fs;
use std::io;
use std::path::Path;

/// Settings that name neither a program nor a file. A `*` is one name.
const HARMLESS: [&str; 33] = [
    "core.repositoryformatversion",
    "core.filemode",
    "core.bare",
    "core.logallrefupdates",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.symlinks",
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.quotepath",
    "core.sharedrepository",
    "core.untrackedcache",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "extensions.objectformat",
    "extensions.refstorage",
    "extensions.partialclone",
    "remote.*.url",
    "remote.*.fetch",
    "remote.*.tagopt",
    "remote.*.prune",
    "remote.*.promisor",
    "remote.*.partialclonefilter",
    "branch.*.remote",
    "branch.*.merge",
    "branch.*.rebase",
    "pull.rebase",
    "pull.ff",
    "index.version",
    "user.name",
    "user.email",
    "hookspool.from",
];
/// Files that make a repository a part of another one.
const BORROWING: [&str; 2] = ["commondir", "objects/info/alternates"];

/// `true` if confined steps write to the repository in the work directory.
pub(super) fn is_needed(attempt: &Attempt<'_>) -> bool {
    let plan = attempt.plan;
    plan.releases.is_none() && (plan.boxes().next().is_some() || attempt.closed.is_shared_with_boxes)
}

/// Refuses a repository that could lead git out.
pub(super) fn check(git: &mut Git<'_, '_>, from: Option<&str>) -> Result<(), Trouble> {
    let repository = git.dir.join(".git");
    let why = match fs::symlink_metadata(&repository) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_empty(&git.dir) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Some("it is not there, and other files are: git would take them for a repository".to_owned())
        }
        Ok(found) if found.is_dir() => links(&repository).map_err(|error| unreadable(&repository, &error))?,
        _ => Some("it is no directory".to_owned()),
    };
    let why = match why {
        None => settings(git, &repository, from)?,
        why => why,
    };
    why.map_or(Ok(()), |why| Err(refusal(&repository, &why)))
}

/// `true` of a directory with nothing in it, and of none.
fn is_empty(dir: &Path) -> bool {
    match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Refuses submodules.
pub(super) fn no_submodules(git: &Git<'_, '_>) -> Trouble {
    refusal(&git.dir.join(".git"), "it has submodules")
}

/// Refuses an address that is not what the configuration says, or, where it says none, that is not on another host: git
/// logs in with more than the steps may use.
pub(super) fn check_address(address: &str, from: Option<&str>) -> Option<String> {
    let is_remote = ["https://", "http://", "ssh://", "git://"].iter().any(|scheme| address.starts_with(scheme))
        || address.split_once(':').is_some_and(|(host, path)| !host.contains('/') && !path.starts_with([':', '/']));
    let is_right = from.map_or(is_remote && !address.starts_with('-'), |from| from == address);
    (!is_right).then(|| format!("its remote is `{}`, which no step names in `from`", without_credentials(address)))
}

/// `from` of the step that updates.
pub(super) fn from_of(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.action {
        StepAction::Git(update) => update.from.as_deref(),
        _ => None,
    })
}

fn refusal(repository: &Path, why: &str) -> Trouble {
    let repository = repository.display();
    Trouble::refused(format!(
        "`{repository}` is within reach of the hook's confined steps, and {why}: git would be led out of their box; \
         undo that, or use `releases`, whose repository no step reaches"
    ))
}

fn unreadable(repository: &Path, error: &io::Error) -> Trouble {
    Trouble::failed(error, format!("cannot look through `{}`: {}", repository.display(), cause(error)))
}

/// The first entry of `dir` that is neither a file nor a directory, or that borrows from elsewhere.
fn links(dir: &Path) -> io::Result<Option<String>> {
    if let Some(borrowing) = BORROWING.iter().find(|name| dir.join(name).exists()) {
        return Ok(Some(format!("`{borrowing}` in it leads elsewhere")));
    }
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                dirs.push(entry.path());
            } else if !kind.is_file() {
                return Ok(Some(format!("`{}` in it is no file", entry.path().display())));
            }
        }
    }
    Ok(None)
}

/// The first setting that is not harmless.
fn settings(git: &mut Git<'_, '_>, repository: &Path, from: Option<&str>) -> Result<Option<String>, Trouble> {
    let file = repository.join("config");
    let file = file.to_string_lossy();
    let list = git.outside(|git| git.list(&["config", "--file", &file, "--no-includes", "--null", "--list"]))?;
    for setting in list {
        let setting = String::from_utf8_lossy(&setting).into_owned();
        let (name, value) = setting.split_once('\n').unwrap_or((&setting, ""));
        if !HARMLESS.iter().any(|harmless| is_like(name, harmless)) {
            return Ok(Some(format!("its configuration sets `{}`", name.escape_debug())));
        }
        if is_like(name, "core.bare") && value != "false" {
            return Ok(Some("its configuration says that it is bare".to_owned()));
        }
        if let Some(why) = is_like(name, "remote.*.url").then(|| check_address(value, from)).flatten() {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// `true` if `name` is `pattern`, whose `*` stands for whatever is between the first and the last point.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once(".*.") {
        None => name == pattern,
        Some((section, key)) => {
            let rest = name.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'));
            rest.and_then(|rest| rest.rsplit_once('.')).is_some_and(|(_, last)| last == key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_one_section_and_one_key() {
        assert!(is_like("remote.origin.url", "remote.*.url") && is_like("remote.a.b.c.url", "remote.*.url"));
        for name in ["remote.url", "remote.origin.uploadpack", "remotes.origin.url", "url.remote.x.url"] {
            assert!(!is_like(name, "remote.*.url"), "{name}");
        }
        assert!(is_like("core.bare", "core.bare") && !is_like("core.bare.x", "core.bare"));
    }

    #[test]
    fn an_address_is_another_hosts_or_what_the_configuration_says() {
        for address in ["https://h/x.git", "git@h:x.git", "ssh://h/x", "h:x"] {
            assert_eq!(check_address(address, None), None, "{address}");
        }
        for address in ["/srv/private.git", "file:///srv/private.git", "../x", "ext::sh -c x", "x::y", "-oProxy=x:y"] {
            assert!(check_address(address, Some("/srv/own.git")).is_some(), "{address}");
        }
        assert_eq!(check_address("/srv/own.git", Some("/srv/own.git")), None);
    }
}
