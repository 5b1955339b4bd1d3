//! Edge. The README, followed word for word by somebody who has no root: the demonstration, and the trial on a laptop.
//! What needs root is followed by `tests/readme/run`.

use crate::support::document::{block, blocks};
use crate::support::site::read_shipped;
use crate::support::{Daemon, free_port, until};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The most lines that somebody with five minutes reads.
const MOST_LINES: usize = 200;

#[test]
fn the_readme_is_short() {
    let lines = read_shipped("README.md").lines().count();
    assert!(lines <= MOST_LINES, "{lines} lines");
}

#[test]
fn the_demonstration_of_the_readme_deploys() {
    let shown = block("README.md", "sh", "-- demo");
    let command = shown.lines().find(|line| line.contains("-- demo")).unwrap().split('#').next().unwrap();
    // The executable under test, not one that is built anew.
    let command = command.replace("cargo run --release --", env!("CARGO_BIN_EXE_hookspool"));
    let output = Command::new("sh").args(["-ec", &command]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_trial_on_a_laptop_works_word_for_word_in_both_languages() {
    for document in ["README.md", "README.zh-CN.md"] {
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let (set_up, serve, try_it) = trial(document, port);
        let output = shell(home.path(), &set_up);
        assert!(output.status.success(), "{document}: {output:?}");
        let mut server = command(home.path(), &format!("exec {serve}"));
        server.env_remove("COLUMNS");
        let log = home.path().join("log");
        let _server = Daemon::start("hookspool", server, &log, &[])
            .ready(|| fs::read_to_string(&log).unwrap_or_default().contains("event=runner"));
        let output = shell(home.path(), &try_it);
        assert!(output.status.success(), "{document}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("202 queued "), "{document}: {output:?}");
        let status = || String::from_utf8(shell(home.path(), "hookspool status").stdout).unwrap();
        until("the job is done", || status().contains(" 1 done,"));
        assert_eq!(first_words(&screen(document)), first_words(&status()), "{document}");
    }
}

/// What the reader types: to set up, to serve, and in the other terminal; with a port that is free.
fn trial(document: &str, port: u16) -> (String, String, String) {
    let here = |text: String| text.replace("127.0.0.1:9000", &format!("127.0.0.1:{port}"));
    let shown = here(block(document, "sh", "mkdir -p ~/.config"));
    let (set_up, serve) = shown.trim_end().rsplit_once('\n').unwrap();
    assert!(serve.starts_with("hookspool serve "), "{serve}");
    (set_up.to_owned(), serve.to_owned(), here(block(document, "sh", "hookspool send")))
}

fn shell(home: &Path, text: &str) -> Output {
    command(home, text).output().unwrap()
}

/// A shell of somebody whose home this is. The program itself asks the user database, which knows another.
fn command(home: &Path, text: &str) -> Command {
    let bin = Path::new(env!("CARGO_BIN_EXE_hookspool")).parent().unwrap().display();
    let mut command = Command::new("sh");
    command.args(["-ec", text]).current_dir(home).env_clear().env("HOME", home);
    command.env("PATH", format!("{bin}:/usr/bin:/bin"));
    command.env("HOOKSPOOL_CONFIG", home.join(".config/hookspool/hookspool.toml"));
    command
}

/// What the document shows of `hookspool status`.
fn screen(document: &str) -> String {
    let console = blocks(document).into_iter().find(|block| block.text.starts_with("$ hookspool status\n"));
    let text = console.unwrap_or_else(|| panic!("{document} shows no status")).text;
    text.split("$ hookspool ").nth(1).unwrap().split_once('\n').unwrap().1.to_owned()
}

fn first_words(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().next().unwrap_or_default().to_owned()).collect()
}
