//! Edge. Whether a remote answers the runner's user.

use super::finding::Finding;
use super::program::git;
use crate::config::Hook;
use crate::model::without_credentials;
use crate::system::bounded::Said;
use std::path::Path;

/// Asks for the heads of `url`, as a job would.
pub(super) fn ask(hook: &Hook, url: &str) -> Finding {
    let dir = if hook.plan.dir.join(".git").exists() { hook.plan.dir.as_path() } else { Path::new("/") };
    let shown = without_credentials(url);
    match git(dir, &["ls-remote", "--heads", "--", url]) {
        Some(said) if said.is_good() => Finding::ok(format!("{shown} answers")).of(&hook.name),
        Some(said) => explain(&shown, &said).of(&hook.name),
        None => Finding::problem("git cannot be started", "`git = \"update\"` needs it", "install the package `git`"),
    }
}

/// The finding on a failed `git ls-remote`, with cause and repair.
fn explain(url: &str, said: &Said) -> Finding {
    let last = said.err.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it did not answer in time");
    let says = |part: &str| said.err.contains(part);
    let (why, repair) = if says("Host key verification failed") {
        ("ssh does not know the remote's host key", "connect once by hand as the runner's user, and compare the key")
    } else if says("Permission denied") || says("Authentication failed") || says("could not read Username") {
        (
            "the remote does not let the runner's user in",
            "make a key with `ssh-keygen` as that user, and add it as a deploy key",
        )
    } else if says("dubious ownership") {
        ("git trusts a repository on this machine only where it is its own user's", "chown -R it to the runner's user")
    } else if says("not found") || says("does not exist") || says("does not appear to be a git repository") {
        ("there is no such repository, or the runner's user may not see it", "correct the URL, or give it access")
    } else {
        ("the remote could not be reached", "try it by hand as the runner's user")
    };
    Finding::problem(format!("{url} does not answer: {}", without_credentials(last.trim())), why, repair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repair(err: &str) -> String {
        explain("u", &Said { status: None, out: String::new(), err: err.to_owned() }).repair
    }

    #[test]
    fn gits_words_become_what_to_do() {
        assert!(repair("Host key verification failed.\nfatal: x").starts_with("connect once by hand"));
        assert!(repair("git@h: Permission denied (publickey).").starts_with("make a key"));
        assert!(repair("fatal: detected dubious ownership in repository at '/x'").starts_with("chown"));
        assert!(repair("ERROR: Repository not found.").starts_with("correct the URL"));
        assert!(repair("ssh: connect to host h port 22: Connection refused").starts_with("try it by hand"));
        assert!(repair("").starts_with("try it by hand"));
    }
}
