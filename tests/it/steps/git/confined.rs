//! Edge. An update in a work directory that confined steps write to: what they left there leads git nowhere.

use super::site::{Site, git};
use crate::support::steps::{Done, shell};
use hookspool::config::{ClosedPaths, Confine};
use hookspool::model::{Outcome, RefName};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A site whose second step is `script`, in a box.
fn site(script: &str) -> Site {
    let mut site = Site::new();
    site.bench.plan.confine = Some(Confine::default());
    site.bench.plan.steps.push(shell(script));
    site.bench.facts.meta.reference = RefName::parse("refs/heads/main");
    fs::create_dir(site.bench.root.path().join("spool")).unwrap();
    site.bench.facts.closed = ClosedPaths { trees: vec![site.bench.root.path().join("spool")], ..Default::default() };
    site
}

/// The second update, after a step that left something.
fn after(site: &mut Site, script: &str) -> Done {
    let with = |script: &str| shell(script);
    site.bench.plan.steps[1] = with(script);
    let done = site.bench.run();
    assert_eq!(done.result.outcome, Outcome::Succeeded, "{script}: {}", done.log);
    site.commit("file", script);
    site.bench.plan.steps[1] = with("true");
    site.bench.run()
}

#[test]
fn updates_go_on_beside_confined_steps_that_build_and_commit_nothing() {
    let mut site = site("true");
    for text in ["two", "three"] {
        let done = after(&mut site, "mkdir -p dist; cp file dist/; git log --format=%s >log; git status --short");
        assert_eq!(done.result.outcome, Outcome::Succeeded, "{}", done.log);
        let commit = site.commit("file", text);
        let done = site.bench.run();
        assert_eq!(done.result.commit, Some(commit), "{}", done.log);
    }
}

/// What a step leaves, and what is said of it. `PWN` is a program that tells on it.
const TRAPS: [(&str, &str); 13] = [
    ("git config core.fsmonitor PWN", "its configuration sets `core.fsmonitor`"),
    ("git config core.sshCommand PWN", "its configuration sets `core.sshcommand`"),
    ("git config filter.x.smudge PWN", "its configuration sets `filter.x.smudge`"),
    ("git config include.path ../evil", "its configuration sets `include.path`"),
    ("git config remote.origin.uploadpack PWN", "its configuration sets `remote.origin.uploadpack`"),
    ("git config core.worktree ..", "its configuration sets `core.worktree`"),
    ("git config remote.origin.url ../other", "its remote is `../other`, which no step names in `from`"),
    ("git config remote.origin.url https://example.org/private", "its remote is `https://example.org/private`, which"),
    ("mv .git/* .; rmdir .git; git config core.bare false", "it is not there, and other files are"),
    ("mv .git gone; git init -q evil; ln -s evil/.git .git", "it is no directory"),
    ("mv .git gone; echo 'gitdir: gone' >.git", "it is no directory"),
    ("mv .git/config c; ln -s ../c .git/config", "/.git/config` in it is no file"),
    ("echo /srv >.git/objects/info/alternates", "`objects/info/alternates` in it leads elsewhere"),
];

#[test]
fn what_a_confined_step_left_for_git_is_refused_and_runs_nowhere() {
    let trap = |(script, what): (&str, &str)| {
        let mut site = site("true");
        let pwn = site.bench.root.path().join("pwn.sh");
        fs::write(&pwn, format!("#!/bin/sh\ntouch {}/pwned\n", site.bench.root.path().display())).unwrap();
        fs::set_permissions(&pwn, fs::Permissions::from_mode(0o755)).unwrap();
        let done = after(&mut site, &script.replace("PWN", pwn.to_str().unwrap()));
        assert_eq!(done.result.outcome, Outcome::Failed, "{script}: {}", done.log);
        assert!(done.result.reason.contains(what), "{script}: {}", done.result.reason);
        assert!(!Path::new(&site.bench.root.path().join("pwned")).exists(), "{script}");
    };
    TRAPS.into_iter().for_each(trap);
}

#[test]
fn submodules_beside_confined_steps_are_refused() {
    let site = site("true");
    let library = site.bench.root.path().join("library");
    fs::create_dir(&library).unwrap();
    git(&library, &["init", "--quiet"]);
    git(&library, &["commit", "--quiet", "--allow-empty", "-m", "one"]);
    let address = library.display().to_string();
    git(&site.origin, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &address, "library"]);
    site.commit("file", "with a library");
    let done = site.bench.run();
    assert!(done.result.reason.contains("it has submodules"), "{}", done.log);
}
