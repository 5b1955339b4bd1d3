//! Edge. A git repository to deploy from: bare, with a work tree beside it in which commits are made.

use super::Account;
use super::site::{Site, chown_to};
use std::path::PathBuf;
use std::process::Command;

/// A bare repository at `/srv/git/site.git` of a site, and who commits to it.
pub(crate) struct Repository {
    bare: PathBuf,
    author: PathBuf,
}

impl Repository {
    /// An empty repository whose branch is `main`.
    pub(crate) fn new(site: &Site) -> Self {
        let srv = site.srv();
        let repository = Self { bare: srv.join("git/site.git"), author: srv.join("author") };
        let bare = repository.bare.to_str().expect("UTF-8 path");
        let author = repository.author.to_str().expect("UTF-8 path");
        git(&["init", "--quiet", "--bare", "--initial-branch=main", bare]);
        git(&["clone", "--quiet", bare, author]);
        git(&["-C", author, "symbolic-ref", "HEAD", "refs/heads/main"]);
        repository
    }

    /// Commits `text` as `file`, pushes it, and returns the commit's name.
    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        let author = self.author.to_str().expect("UTF-8 path");
        std::fs::write(self.author.join(file), text).expect("file");
        git(&["-C", author, "add", file]);
        git(&["-C", author, "commit", "--quiet", "--message", "another version"]);
        // git reads and writes no repository that belongs to someone else (safe.directory).
        chown_to(&self.bare, &Account::myself());
        git(&["-C", author, "push", "--quiet", "origin", "main"]);
        chown_to(&self.bare, Account::owner());
        git(&["-C", author, "rev-parse", "HEAD"])
    }
}

/// git without anyone's settings; returns what it printed.
fn git(arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_TERMINAL_PROMPT", "0")])
        .output()
        .expect("git");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
