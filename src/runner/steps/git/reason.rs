//! Edge. The trouble that a failure of git is: its reason, the next step for a person, and whether it passes by itself.

use super::trouble::{Cause, GitFailure, failure};
use crate::runner::steps::attempt::Trouble;
use crate::runner::steps::record::StepResult;
use crate::system::holders::holder;
use crate::system::users;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The place in which a command failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    /// The work tree.
    pub(super) dir: &'a Path,
    /// The address that is fetched from, without credentials.
    pub(super) address: &'a str,
}

/// Cause and remedy of a git that spoke with `address` for the work tree `dir` and failed with `err`, as a job's reason
/// has them; the remedy is empty where a job would try again.
pub fn cause_and_remedy(err: &str, dir: &Path, address: &str) -> (String, String) {
    let trouble = trouble(&failure(err, true), Scene { dir, address });
    let StepResult::Refused(reason) = trouble.result else { return (String::new(), String::new()) };
    let (cause, remedy) = reason.split_once("; ").unwrap_or((&reason, ""));
    (cause.to_owned(), remedy.to_owned())
}

/// The trouble that `failure` is.
pub(super) fn trouble(failure: &GitFailure, scene: Scene<'_>) -> Trouble {
    let GitFailure { cause, line } = failure;
    let (reason, transient) = match cause {
        Cause::Locked(lock) => of_lock(&scene.dir.join(lock), scene.dir),
        Cause::Network => (format!("the remote could not be reached: {line}"), true),
        Cause::Shortage => (format!("this machine is short of memory or processes: {line}"), true),
        lasting => {
            let reason = of_remote(lasting, line, scene).or_else(|| of_work_tree(lasting, line, scene));
            (reason.unwrap_or_else(|| line.clone()), false)
        }
    };
    Trouble { result: StepResult::Refused(reason), transient }
}

/// The reason of what the remote refuses, or this user does not know of it.
fn of_remote(cause: &Cause, line: &str, scene: Scene<'_>) -> Option<String> {
    let (address, me) = (scene.address, me());
    Some(match cause {
        Cause::HostKey => format!("ssh does not know the remote's host key; connect to it once by hand as `{me}`"),
        Cause::HostKeyChanged => of_changed_host_key(line, &me),
        Cause::SshKey => format!(
            "{line}: `{address}` does not let the ssh key of `{me}` in; add its public key to the repository as a \
             deploy key"
        ),
        Cause::Credentials => format!(
            "`{address}` asks for a name and password, or refuses those that it got ({line}); give `{me}` a token by a \
             credential helper, or use an ssh address and a deploy key"
        ),
        Cause::Certificate => format!("the certificate of `{address}` is not accepted: {line}"),
        Cause::NotFound => {
            format!("{line}; `{address}` does not exist, or `{me}` may not see it: check the address and the key")
        }
        _ => return None,
    })
}

/// The reason of what is wrong with the work tree, its repository or this machine.
fn of_work_tree(cause: &Cause, line: &str, scene: Scene<'_>) -> Option<String> {
    let (dir, me) = (scene.dir.display(), me());
    Some(match cause {
        Cause::Ownership(repository) => of_ownership(repository),
        Cause::NoRepository => {
            format!("`{dir}` holds no git repository; with `from`, an empty directory is cloned into")
        }
        Cause::DiskFull => format!("no space left on the disk of `{dir}`: {line}; free some, then retry the job"),
        Cause::Permission => format!(
            "{line}; `{me}` must own the files in `{dir}`, also those that somebody made as root: `chown -R {me}`"
        ),
        Cause::DamagedIndex => format!("{line}; remove `{dir}/.git/index`: the next job makes it anew"),
        Cause::Damaged => format!(
            "the repository in `{dir}` is damaged: {line}; `git -C {dir} fsck` tells more, and a clone in its place \
             repairs it"
        ),
        Cause::MissingFilter => format!("{line}; install it (Git LFS: the package `git-lfs`)"),
        Cause::OtherFormat(hash) => {
            format!("the remote has {hash} objects, the repository in `{dir}` has others; a clone in its place does")
        }
        _ => return None,
    })
}

fn me() -> String {
    users::name_of(rustix::process::geteuid().as_raw())
}

fn of_lock(lock: &Path, dir: &Path) -> (String, bool) {
    let path = lock.display();
    match holder(lock, dir) {
        Some(pid) => (format!("`{path}` is held by another git (process {pid})"), true),
        None if !lock.exists() => (format!("`{path}` was held by another git"), true),
        None => (format!("`{path}` was left behind by a git that is gone; remove it if no git works there"), false),
    }
}

/// Of the work tree, or of a remote on this machine.
fn of_ownership(repository: &Path) -> String {
    let id = rustix::process::geteuid().as_raw();
    let parts = [repository.to_owned(), repository.join(".git")];
    let foreign = parts.iter().find(|part| part.metadata().is_ok_and(|found| found.uid() != id));
    let foreign = foreign.map_or(repository, PathBuf::as_path);
    let path = foreign.display();
    let owner = foreign.metadata().map_or_else(|_| "another user".to_owned(), |m| users::name_of(m.uid()));
    let me = me();
    format!(
        "`{path}` belongs to `{owner}`, and the runner is `{me}`; give it to `{me}`, or as `{me}` run \
         `git config --global --add safe.directory {}`",
        repository.display()
    )
}

/// `line` is ssh's `Host key for <host> has changed …`.
fn of_changed_host_key(line: &str, me: &str) -> String {
    let host = line.split_once("ost key for ").and_then(|(_, rest)| rest.split_once(" has changed"));
    let host = host.map_or("<host>", |(host, _)| host);
    format!(
        "the host key of `{host}` has changed; compare the new one with what the forge publishes, then as `{me}` run \
         `ssh-keygen -R '{host}'` and connect to it once by hand"
    )
}
