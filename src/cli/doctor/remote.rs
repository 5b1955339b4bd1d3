//! Edge. Check that a remote answers the runner's user.

use super::finding::Finding;
use super::git::{is_repository, repository_of};
use super::program::git;
use crate::config::Hook;
use crate::model::without_credentials;
use crate::runner::steps::{cause_and_remedy, ssh_command};
use crate::system::users;
use std::path::Path;

/// Asks for the heads of `url`, as a job would; `is_inside` its repository, if there is one.
pub(super) fn ask(hook: &Hook, url: &str, is_inside: bool) -> Finding {
    let repository = repository_of(hook);
    let dir = if is_inside && is_repository(&repository) { repository.as_path() } else { Path::new("/") };
    let shown = without_credentials(url);
    let own_ssh = hook.plan.ssh_key.as_deref().and_then(|key| ssh_command(key).ok());
    match git(dir, &["ls-remote", "--heads", "--", url], own_ssh.as_deref()) {
        Some(said) if said.is_good() => Finding::ok(format!("{shown} answers")).of(&hook.name),
        Some(said) => explain(&shown, &without_credentials(&said.err), hook).of(&hook.name),
        None => Finding::problem("git cannot be started", "`git = \"update\"` needs it", "install the package `git`"),
    }
}

/// The finding on a failed `git ls-remote`, with the words of a job's reason.
fn explain(url: &str, err: &str, hook: &Hook) -> Finding {
    let err = if err.trim().is_empty() { "it did not answer in time" } else { err };
    let (cause, remedy) = cause_and_remedy(err, &hook.plan.dir, url);
    let me = users::name_of(rustix::process::geteuid().as_raw());
    let by_hand = || format!("look at the network and the firewall; `sudo -u {me} git ls-remote {url}` shows the same");
    let repair = if remedy.is_empty() { by_hand() } else { remedy };
    Finding::problem(format!("{url} does not answer: {cause}"), "jobs cannot fetch", repair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::hook;

    fn repair(err: &str) -> String {
        explain("u", err, &hook("docs")).repair
    }

    #[test]
    fn gits_words_become_what_to_do() {
        assert!(repair("Host key verification failed.\nfatal: x").starts_with("connect to it once by hand"));
        assert!(repair("git@h: Permission denied (publickey).").starts_with("add its public key to the repository"));
        assert!(repair("fatal: detected dubious ownership in repository at '/x'").starts_with("give it to"));
        assert!(repair("ERROR: Repository not found.").contains("does not exist, or"));
        assert!(repair("ssh: connect to host h port 22: Connection refused").starts_with("look at the network"));
        assert!(repair("").starts_with("look at the network"));
    }
}
