//! Edge. A git repository to deploy from: bare, with a work tree beside it in which commits are made.

use super::Account;
use super::site::{Site, chown_to};
use std::fs;
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

    /// Where it is cloned from.
    pub(crate) fn url(&self) -> String {
        self.bare.to_str().expect("UTF-8 path").to_owned()
    }

    /// Commits `text` as `file`, pushes it, and returns the commit's name.
    pub(crate) fn commit(&self, file: &str, text: &str) -> String {
        self.commit_all(&[(file, text)])
    }

    /// Commits everything in the work tree, with these files, pushes it, and returns the commit's name.
    pub(crate) fn commit_all(&self, files: &[(&str, &str)]) -> String {
        self.write(files);
        let author = self.author.to_str().expect("UTF-8 path");
        git(&["-C", author, "add", "--all"]);
        git(&["-C", author, "commit", "--quiet", "--message", "another version"]);
        // git reads and writes no repository that belongs to someone else (safe.directory).
        chown_to(&self.bare, &Account::myself());
        git(&["-C", author, "push", "--quiet", "origin", "main"]);
        chown_to(&self.bare, Account::owner());
        git(&["-C", author, "rev-parse", "HEAD"])
    }

    /// Writes files into the work tree.
    pub(crate) fn write(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let file = self.author.join(name);
            fs::create_dir_all(file.parent().expect("a directory")).expect("directory");
            fs::write(file, text).expect("file");
        }
    }

    /// Removes a directory from the work tree, if it is there.
    pub(crate) fn remove(&self, directory: &str) {
        let directory = self.author.join(directory);
        if directory.exists() {
            fs::remove_dir_all(directory).expect("a directory that can be removed");
        }
    }

    /// Runs a command in the work tree.
    pub(crate) fn run(&self, command: &mut Command) {
        let output = command.current_dir(&self.author).output().expect("a command that is there");
        assert!(output.status.success(), "{command:?}: {output:?}");
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
