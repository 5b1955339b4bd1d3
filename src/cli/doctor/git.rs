//! Edge. Git as the runner's user meets it: the program, the work trees, the remotes.

use super::finding::{Finding, Level};
use super::program::git;
use super::{remote, ssh};
use crate::config::{Config, GitUpdate, Hook, StepAction};
use crate::runner::releases::ReleasesDir;
use crate::runner::steps::ssh_command;
use crate::system::users;
use rustix::fs::{Access, access};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Looks at every hook's work directory, and asks every remote.
pub(super) fn look(config: &Config, offline: bool, findings: &mut Vec<Finding>) {
    shared_directories(config, findings);
    let uses_git = config.hooks.iter().any(|hook| update_of(hook).is_some());
    if uses_git && !has_git(findings) {
        return;
    }
    let mut asked = BTreeSet::new();
    for hook in config.hooks.iter().filter(|hook| !config.only_passes_on(hook)) {
        let is_usable = work_directory(hook, findings);
        let Some(update) = update_of(hook).filter(|_| is_usable && has_key(hook, findings)) else { continue };
        // Git in a repository that confined steps write to would do what they like.
        let is_asked_inside = !config.is_reached_by_boxes(hook);
        let url = if is_asked_inside { remote_of(hook, update, findings) } else { update.from.clone() };
        let Some(url) = url else { continue };
        if !offline && asked.insert((url.clone(), hook.plan.dir.clone())) {
            let answer = remote::ask(hook, &url, is_asked_inside);
            // What `ssh` itself would do is of interest only where git got nowhere: a repository may have its own key.
            if answer.level != Level::Ok {
                ssh::look(&url, findings);
            }
            findings.push(answer);
        }
    }
}

/// Finds hooks whose `dir` is one directory by two names, which the check of the configuration cannot see.
fn shared_directories(config: &Config, findings: &mut Vec<Finding>) {
    let real = |hook: &Hook| hook.plan.dir.canonicalize().unwrap_or_else(|_| hook.plan.dir.clone());
    for (index, hook) in config.hooks.iter().enumerate().filter(|(_, hook)| !config.only_passes_on(hook)) {
        let is_busy = config.runner.workers > 1 || hook.plan.releases.is_some();
        let is_beside = |other: &&Hook| other.plan.queue != hook.plan.queue && is_busy && real(other) == real(hook);
        let Some(other) = config.hooks[..index].iter().find(is_beside) else { continue };
        let dir = real(hook);
        let what = format!("hooks `{}` and `{}` work in one directory, {}", other.name, hook.name, dir.display());
        let repair = format!("give both the same queue: `queue = \"{}\"`", other.plan.queue);
        findings.push(Finding::problem(what, "their jobs run side by side, each in the other's files", repair));
    }
}

/// The first `git = "update"` of a hook.
fn update_of(hook: &Hook) -> Option<&GitUpdate> {
    let actions = hook.plan.steps.iter().map(|step| &step.action);
    actions.into_iter().find_map(|action| if let StepAction::Git(update) = action { Some(update) } else { None })
}

fn has_git(findings: &mut Vec<Finding>) -> bool {
    let said = git(Path::new("/"), &["--version"], None);
    let version = said.as_ref().filter(|said| said.is_good()).map(|said| said.out.trim().to_owned());
    let has_git = version.is_some();
    findings.push(match version {
        Some(version) => Finding::ok(version),
        None => Finding::problem("git is not installed", "`git = \"update\"` needs it", "install the package `git`"),
    });
    has_git
}

/// `true` if git can log in by the hook's own key, or needs none.
fn has_key(hook: &Hook, findings: &mut Vec<Finding>) -> bool {
    let Some(Err(why)) = hook.plan.ssh_key.as_deref().map(ssh_command) else { return true };
    let with_command = why.strip_suffix('`').and_then(|why| why.rsplit_once(": `"));
    let (what, repair) = with_command.unwrap_or((&why, "put the private key there, for its owner alone (mode 600)"));
    findings.push(Finding::problem(what, "git cannot log in by it", repair).of(&hook.name));
    false
}

/// `true` if the steps of `hook` can begin in its `dir`.
fn work_directory(hook: &Hook, findings: &mut Vec<Finding>) -> bool {
    let (name, dir) = (&hook.name, hook.plan.dir.as_path());
    let me = users::name_of(rustix::process::geteuid().as_raw());
    if dir.exists() {
        let may_write = access(dir, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        if !may_write {
            let what = format!("{me}, the runner's user, cannot write to {}", dir.display());
            let repair = format!("chown -R {me} {}", dir.display());
            findings.push(Finding::problem(what, "its steps work there", repair).of(name));
        }
        return may_write;
    }
    let clones = update_of(hook).is_some_and(|update| update.from.is_some());
    let parent = dir.ancestors().skip(1).find(|path| path.exists()).unwrap_or(Path::new("/"));
    let may_make = clones && access(parent, Access::WRITE_OK | Access::EXEC_OK).is_ok();
    if !may_make {
        let what = format!("there is no {}, and no step makes it", dir.display());
        let repair = format!("install -d -o {me} {}", dir.display());
        findings.push(Finding::problem(what, "its steps work there", repair).of(name));
    }
    may_make
}

/// The work tree of a hook, or the bare repository of one with `releases`.
pub(super) fn repository_of(hook: &Hook) -> PathBuf {
    ReleasesDir::of(&hook.plan).map_or_else(|| hook.plan.dir.clone(), |place| place.repository())
}

pub(super) fn is_repository(dir: &Path) -> bool {
    dir.join(".git").exists() || dir.join("HEAD").is_file()
}

/// The URL that the hook fetches from, if it is known.
fn remote_of(hook: &Hook, update: &GitUpdate, findings: &mut Vec<Finding>) -> Option<String> {
    let (name, dir) = (&hook.name, &repository_of(hook));
    if !is_repository(dir) {
        let is_empty = std::fs::read_dir(dir).map_or(true, |mut entries| entries.next().is_none());
        if update.from.is_none() || !is_empty {
            let what = format!("{} is not a git repository", dir.display());
            let repair =
                format!("git clone <URL> {}, or `from = \"<URL>\"` in the step and an empty directory", dir.display());
            findings.push(Finding::problem(what, "`git = \"update\"` fetches into one", repair).of(name));
            return None;
        }
        return update.from.clone();
    }
    let remote = update.remote.as_deref().unwrap_or("origin");
    let said = git(dir, &["remote", "get-url", remote], None);
    let url = said.as_ref().filter(|said| said.is_good()).map(|said| said.out.trim().to_owned());
    if url.is_none() {
        let cause = said.map(|said| said.err.trim().to_owned()).unwrap_or_default();
        findings.push(no_remote(hook, remote, &cause).of(name));
    }
    url
}

fn no_remote(hook: &Hook, remote: &str, cause: &str) -> Finding {
    let repository = repository_of(hook);
    let dir = repository.display();
    let me = users::name_of(rustix::process::geteuid().as_raw());
    let owner = std::fs::metadata(&repository).map_or_else(|_| "another".to_owned(), |m| users::name_of(m.uid()));
    if cause.contains("dubious ownership") {
        let what = format!("{dir} belongs to {owner}, and git does not work there for {me}");
        return Finding::problem(what, "git trusts a repository of its own user only", format!("chown -R {me} {dir}"));
    }
    let what = format!("the repository {dir} has no remote `{remote}`");
    Finding::problem(what, "`git = \"update\"` fetches from it", format!("git -C {dir} remote add {remote} <URL>"))
}
