//! Remotes and repositories, in the words of a job and of the doctor.

use crate::steps::git::forge::SshForge;
use crate::support::control::said;
use crate::support::yard::Yard;
use rustix::process::getuid;
use std::process::Command;

const UPDATE: &str = "retry = { attempts = 1 }\nsteps = [{ git = \"update\" }]";

fn git(yard: &Yard, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]).args(arguments);
    assert!(command.current_dir(yard.path("site")).status().unwrap().success(), "{arguments:?}");
}

/// A yard whose site follows a repository beside it.
fn following() -> Yard {
    let yard = Yard::new("", &[("docs", UPDATE)]);
    yard.open_to_all();
    git(&yard, &["init", "--quiet", "../origin"]);
    git(&yard, &["-C", "../origin", "commit", "--quiet", "--allow-empty", "--message", "one"]);
    git(&yard, &["init", "--quiet", "."]);
    git(&yard, &["remote", "add", "origin", yard.path("origin").to_str().unwrap()]);
    yard
}

#[test]
fn the_doctor_says_of_a_remote_over_ssh_what_a_job_says() {
    let yard = following();
    let forge = SshForge::start(&yard.path(""), "host", 0);
    forge.know("known", "host");
    git(&yard, &["remote", "set-url", "origin", &forge.url(&yard.path("origin/.git"))]);
    let ssh = |forge: &SshForge, key: &str, known: &str| {
        git(&yard, &["config", "core.sshCommand", &forge.client(key, known)]);
    };
    ssh(&forge, "client", "known");
    let (_, report) = said(&yard, &["doctor"]);
    assert!(
        report.contains(" answers\n") && !report.contains("does not know the host"),
        "its own key is enough: {report}"
    );
    let both = |cause: &str, remedy: &str| {
        let (status, report) = said(&yard, &["doctor"]);
        let line =
            report.lines().position(|line| line.contains("does not answer: ")).unwrap_or_else(|| panic!("{report}"));
        let lines: Vec<&str> = report.lines().skip(line).take(3).collect();
        assert!(status == Some(1) && lines[0].contains(cause) && lines[2].contains(remedy), "{cause}: {report}");
        let id = yard.deliver("docs", "main", &cause.len().to_string());
        yard.drain();
        let [_, _, reason] = yard.job(id);
        assert!(reason.contains(cause) && reason.contains(remedy), "{reason}");
    };
    ssh(&forge, "client", "nobody");
    both("ssh does not know the remote's host key", "connect to it once by hand as `");
    ssh(&forge, "stranger", "known");
    both("does not let the ssh key of ", "add its public key to the repository as a deploy key");
    ssh(&forge, "client", "known");
    let port = forge.port;
    drop(forge);
    let forge = SshForge::start(&yard.path(""), "host2", port);
    both("has changed", "ssh-keygen -R '[127.0.0.1]:");
    drop(forge);
}

#[test]
fn a_repository_of_another_user_is_told_with_who_must_have_it() {
    if !getuid().is_root() {
        return;
    }
    let yard = following();
    let owner = crate::support::Account::owner();
    crate::support::site::chown_to(&yard.path("site"), owner);
    let id = yard.deliver("docs", "main", "1");
    yard.drain();
    let [_, _, reason] = yard.job(id);
    let expected = format!(
        "belongs to `{}`, and the runner is `root`; give it to `root`, or as `root` run `git config",
        owner.name
    );
    assert!(reason.contains(&expected), "{reason}");
}
