//! Edge. Programs as the runner's user would start them.

use crate::system::bounded::{self, Said};
use crate::system::users;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Longest time for an answer of git.
const GIT_TIMEOUT: Duration = Duration::from_secs(20);

/// Asks git, which logs in by `own_ssh` where a hook has a key of its own; `None` when it cannot be started.
pub(super) fn git(dir: &Path, arguments: &[&str], own_ssh: Option<&str>) -> Option<Said> {
    let mut command = of_git(dir, arguments);
    if let Some(own_ssh) = own_ssh {
        command.env("GIT_SSH_COMMAND", own_ssh);
        return bounded::run(command, GIT_TIMEOUT).ok();
    }
    let own_ssh = bounded::run(of_git(dir, &["config", "--get", "core.sshCommand"]), GIT_TIMEOUT);
    if own_ssh.is_ok_and(|said| said.is_good()) {
        command.env_remove("GIT_SSH_COMMAND");
    }
    bounded::run(command, GIT_TIMEOUT).ok()
}

fn of_git(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = tool("git");
    command.arg("-C").arg(dir).args(arguments);
    command
}

/// A program in the environment that a job has: the runner's user, nobody to answer a question.
pub(super) fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0");
    command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=10");
    command.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
    if let Some(user) = users::current() {
        command.env("HOME", user.home).env("USER", &user.name).env("LOGNAME", &user.name);
    }
    command
}
