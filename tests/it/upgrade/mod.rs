//! Spools of other versions: an older one is taken over without loss, a newer one is refused with words, and nothing in it
//! is touched.
//!
//! `spool-2026-11-22/` was written by the executable of commit bb2d3b7 of that day: jobs of hooks by the names of their
//! states were delivered by CGI and run, one step exited with 75 (`late` waits an hour), `hold paused` held one, the runner was
//! killed with `stuck` under way, `next` came after it, and a file that is no job lay in `queued/`. Left out are empty
//! directories, `lock` and `reserve`; paths of that machine are `/w`.

use crate::support::one_hook::run;
use crate::support::yard::{YARD_SECRET, Yard};
use hookspool::model::State;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const OLDER: &str = "tests/it/upgrade/spool-2026-11-22";
const OPEN: &str = "branches = [\"*\"]\nwhen_newer = \"keep\"\nretry = { attempts = 5, backoff = \"1h\" }\n";

/// A yard with a spool of an older version, and hooks of which each job succeeds.
fn yard() -> Yard {
    let lines = format!("{OPEN}steps = [{{ shell = \"echo $HOOKSPOOL_HOOK $HOOKSPOOL_ATTEMPT >>ran\" }}]");
    let names = ["good", "bad", "late", "stuck", "paused", "next"];
    let yard = Yard::new("", &names.map(|name| (name, lines.as_str())));
    fs::remove_dir_all(yard.spool()).unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(OLDER), &yard.spool());
    yard
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// State, outcome and attempts of each job, by its hook; of what is no job, by its absence.
fn told(yard: &Yard) -> BTreeMap<String, (String, String, u64)> {
    let listed = yard.listed().into_iter();
    let text = |job: &serde_json::Value, key: &str| job[key].as_str().unwrap_or("none").to_owned();
    listed
        .map(|job| {
            (text(&job, "hook"), (text(&job, "state"), text(&job, "outcome"), job["attempts"].as_u64().unwrap()))
        })
        .collect()
}

fn expected(rows: &[(&str, &str, &str, u64)]) -> BTreeMap<String, (String, String, u64)> {
    rows.iter().map(|(hook, state, outcome, n)| ((*hook).into(), ((*state).into(), (*outcome).into(), *n))).collect()
}

/// Everything below a directory: names, contents, modes and times of change.
fn everything(dir: &Path, found: &mut BTreeMap<String, (u32, i64, Vec<u8>)>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        let content = if metadata.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        let changed = metadata.mtime().wrapping_mul(1_000_000_000) + metadata.mtime_nsec();
        found.insert(path.display().to_string(), (metadata.mode(), changed, content));
        if metadata.is_dir() {
            everything(&path, found);
        }
    }
}

#[test]
fn an_older_spool_is_read_as_it_is_and_taken_over_without_loss() {
    let yard = yard();
    let before = [
        ("good", "done", "succeeded", 1),
        ("bad", "failed", "failed", 1),
        ("late", "waiting", "none", 1),
        ("stuck", "running", "none", 1),
        ("paused", "held", "none", 0),
        ("next", "queued", "none", 0),
        ("none", "corrupt", "none", 0),
    ];
    assert_eq!(told(&yard), expected(&before));
    let ran = yard.drain();
    assert!(ran.status.success(), "{ran:?}");
    let after = [
        ("good", "done", "succeeded", 1),
        ("bad", "failed", "failed", 1),
        ("late", "done", "succeeded", 2),
        ("stuck", "done", "succeeded", 2),
        ("paused", "held", "none", 0),
        ("next", "done", "succeeded", 1),
        ("none", "corrupt", "none", 0),
    ];
    assert_eq!(told(&yard), expected(&after));
    let mut lines: Vec<String> = yard.site("ran").lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["late 2", "next 1", "stuck 2"], "what had ended is not run again, and what had not is");
    assert_eq!(fs::read_to_string(yard.path("spool/version")).unwrap(), "1\n");
    released(&yard);
}

/// The hold and the failure of then can be ended now.
fn released(yard: &Yard) {
    for arguments in [&["release", "paused"][..], &["retry", "--failed", "--hook", "bad"]] {
        let output = yard.hookspool(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }
    assert!(yard.drain().status.success());
    let states: Vec<String> = told(yard).into_values().map(|(state, ..)| state).collect();
    assert_eq!(states.iter().filter(|state| *state == "done").count(), 6, "{states:?}");
}

#[test]
fn a_newer_spool_is_refused_with_words_and_nothing_in_it_is_touched() {
    let yard = yard();
    fs::write(yard.path("spool/version"), "2\n").unwrap();
    let look = || {
        let mut found = BTreeMap::new();
        everything(&yard.spool(), &mut found);
        found
    };
    let (before, job) = (look(), job_of(&yard, State::Queued));
    let words = format!(
        "{} says `2`, and this program knows spools of version 1 at most; nothing was touched",
        yard.path("spool/version").display()
    );
    let verbs: [&[&str]; 12] = [
        &["spool-runner", "--once"],
        &["list"],
        &["show", &job],
        &["log", &job],
        &["wait", &job],
        &["status"],
        &["deliveries"],
        &["hold", "next", "--message", "a test"],
        &["release", "paused"],
        &["cancel", &job],
        &["retry", &job],
        &["prune", "--older-than", "1s"],
    ];
    for verb in verbs {
        let output = yard.hookspool(verb).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        // Of several hooks each is told of by `deliveries`, which goes on with the next.
        let codes = if *verb == ["deliveries"] { &[0][..] } else { &[69] };
        assert!(codes.contains(&output.status.code().unwrap()), "{verb:?}: {:?}: {said}", output.status);
        assert!(said.contains(&words), "{verb:?}: {said}");
    }
    let reply = run(delivery(&yard), b"{}");
    let (said, log) = (String::from_utf8_lossy(&reply.stdout), String::from_utf8_lossy(&reply.stderr));
    assert!(said.starts_with("Status: 503 ") && log.contains("knows spools of version 1 at most"), "{said}{log}");
    assert!(!said.contains("version"), "the sender learns nothing of it: {said}");
    assert_eq!(look(), before);
}

fn job_of(yard: &Yard, state: State) -> String {
    let names = yard.names(state.as_str());
    names.iter().find_map(|name| name.strip_suffix(".job")).unwrap().to_owned()
}

/// A signed delivery by CGI.
fn delivery(yard: &Yard) -> std::process::Command {
    let signature = crate::support::github::signature(YARD_SECRET, b"{}");
    let headers = [("Content-Type", "application/json"), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "d-9")];
    let mut headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    headers.push(("X-Hub-Signature-256".to_owned(), signature));
    let mut command = yard.cgi("next", &headers, 2);
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command
}
