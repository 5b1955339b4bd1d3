//! Edge. The same tests with another version of git, where the machine has one.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The directories that hold a git, of each version the first.
fn gits() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions = Vec::new();
    let mut dirs = Vec::new();
    for dir in std::env::split_paths(&path).chain(["/usr/bin", "/usr/local/bin"].map(PathBuf::from)) {
        let Ok(output) = Command::new(dir.join("git")).arg("--version").output() else { continue };
        if !versions.contains(&output.stdout) {
            versions.push(output.stdout);
            dirs.push(dir);
        }
    }
    dirs
}

#[test]
fn every_git_of_the_machine_does_the_same() {
    let gits = gits();
    assert!(!gits.is_empty());
    for dir in &gits[1..] {
        passes_with(dir);
    }
}

/// Runs the other tests with the git of `dir` in front.
fn passes_with(dir: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(dir.to_owned()).chain(std::env::split_paths(&path))).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["steps::git::", "--skip", "steps::git::matrix::", "--test-threads=2"])
        .env("PATH", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !text.contains(" 0 passed"), "with the git of {}: {text}", dir.display());
}
