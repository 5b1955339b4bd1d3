//! What no delivery told of: the runner asks the remote, and queues the job itself.

use crate::runner_yard::Yard;
use crate::steps_bench::until;
use std::path::Path;
use std::process::Command;

const HOOK: &str = "reconcile = \"1s\"\ndir = \"ROOT/work\"\n\
                    steps = [{ git = \"update\" }, { shell = \"cat file >>../seen; [ ! -e fail ]\" }]";

fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "init.defaultBranch=main"]);
    let output = command.args(arguments).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits `content` in the origin, without telling anybody.
pub(crate) fn push(yard: &Yard, files: &[(&str, &str)]) -> String {
    let origin = yard.path("origin");
    for (name, content) in files {
        std::fs::write(origin.join(name), content).unwrap();
    }
    git(&origin, &["add", "."]);
    git(&origin, &["commit", "--quiet", "--message", "more"]);
    git(&origin, &["rev-parse", "HEAD"])
}

/// A yard with an origin, and a work tree that is its first commit.
pub(crate) fn yard() -> Yard {
    let yard = Yard::new("", &[("a", "steps = [{ shell = \"true\" }]")]);
    std::fs::create_dir(yard.path("origin")).unwrap();
    git(&yard.path("origin"), &["init", "--quiet"]);
    push(&yard, &[("file", "one\n")]);
    git(&yard.path(""), &["clone", "--quiet", "origin", "work"]);
    yard.configure("", &[("a", HOOK)]);
    yard
}

pub(crate) fn seen(yard: &Yard) -> String {
    std::fs::read_to_string(yard.path("seen")).unwrap_or_default()
}

#[test]
fn a_push_that_nobody_told_of_is_deployed_once_and_shown_as_such() {
    let yard = yard();
    let runner = yard.start();
    let commit = push(&yard, &[("file", "two\n")]);
    until("it is deployed", || seen(&yard) == "two\n");
    push(&yard, &[("file", "three\n"), ("fail", "")]);
    until("the next is tried", || seen(&yard) == "two\nthree\n");
    let last = push(&yard, &[("file", "four\n")]);
    until("another is tried", || seen(&yard) == "two\nthree\nfour\n");
    assert_eq!(runner.stop(), Some(0));
    let listed = yard.listed();
    let facts: Vec<_> = listed.iter().map(|job| (job["provider"].as_str().unwrap(), job["after"].clone())).collect();
    assert_eq!((facts.len(), facts[0].0, &facts[0].1), (3, "reconcile", &commit.into()), "{listed:?}");
    assert_eq!(facts[2].1, last);
    let first = listed[0]["id"].as_str().unwrap().parse().unwrap();
    let history = yard.history(first);
    assert!(history.iter().any(|entry| entry["what"] == "concluded" && entry["commit"] == facts[0].1), "{history:?}");
}
