//! What people see: lists, one screen, what is waited for, what the doctor says.

use crate::support::control::{FRAGILE, GATE, json, open_gate, queue, said, until_begun};
use crate::support::until;
use crate::support::yard::Yard;
use hookspool::model::JobId;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

fn ids(listed: &Value) -> Vec<String> {
    listed.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_filtered_by_hook_state_and_time_and_limited_to_the_newest() {
    let yard = Yard::new("", &[("docs", FRAGILE), ("shop", FRAGILE)]);
    let meta = |hook: &str, at: i64| crate::spool::append::meta(hook, at);
    // 2026-01-01T00:00:00Z and so many seconds.
    let old = [("docs", 0), ("shop", 3600), ("docs", 7200), ("docs", 10_800)];
    let old = old.map(|(hook, second)| yard.append(&meta(hook, second)).to_string());
    let failed = yard.deliver("shop", "main", "x").to_string();
    let list = |arguments: &[&str]| ids(&json(&yard, &[&["list"], arguments].concat()));
    assert_eq!(list(&[]).len(), 5);
    assert_eq!(list(&["--hook", "docs"]), [&*old[0], &*old[2], &*old[3]]);
    assert_eq!(list(&["--hook", "docs", "--limit", "2"]), [&*old[2], &*old[3]]);
    assert_eq!(list(&["--since", "2026-01-01T01:00", "--until", "2026-01-01T03:00:00Z"]), [&*old[1], &*old[2]]);
    assert_eq!(list(&["--since", "1h"]), [&*failed]);
    assert_eq!(list(&["--until", "1h", "--limit", "1"]), [&*old[3]]);
    assert_eq!(list(&["--state", "done,failed"]), [""; 0]);
    yard.drain();
    assert_eq!(list(&["--state", "failed", "--hook", "shop"]), [&*old[1], &*failed]);
    let (status, text) = said(&yard, &["list", "--since", "yesterday"]);
    assert_eq!((status, text.contains("write `2h`, `7d`")), (Some(2), true), "{text}");
    let (_, table) = said(&yard, &["list", "--limit", "1"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("JOB ") && lines[0].contains(" AGE ") && lines[0].ends_with(" REASON"), "{table}");
    assert!(lines[1].contains("failed") && lines[1].ends_with("exited with 1"), "{table}");
}

#[test]
fn the_screen_shows_runner_queues_results_holds_and_room() {
    let yard = Yard::new("", &[("docs", GATE), ("shop", FRAGILE)]);
    yard.deliver("shop", "main", "x");
    yard.drain();
    let status = json(&yard, &["status"]);
    assert_eq!(status["runner"]["alive"], false);
    assert_eq!(status["hooks"][1]["last"]["outcome"], "failed");
    assert!(status["hooks"][0]["last"].is_null());
    yard.fifo("gate");
    let runner = yard.start();
    let ids = queue(&yard, &["a", "b", "c"]);
    until_begun(&yard, 1);
    said(&yard, &["hold", "shop", "-m", "broken"]);
    let status = json(&yard, &["status"]);
    let running = status["runner"]["pid"].as_u64().unwrap();
    assert_eq!(fs::read_to_string(yard.path("spool/lock")).unwrap().trim(), running.to_string());
    assert_eq!(status["jobs"]["queued"], 2);
    assert_eq!(status["running"][0]["id"], ids[0].to_string());
    assert_eq!(status["oldest_waiting"]["id"], ids[1].to_string());
    assert_eq!((&status["hooks"][0]["waiting"], &status["hooks"][0]["queue"]), (&2.into(), &"docs".into()));
    assert_eq!(status["hooks"][1]["hold"]["why"], "broken");
    assert!(status["free"]["bytes"].as_u64().unwrap() > 0);
    let (_, screen) = said(&yard, &["status"]);
    assert!(screen.starts_with("runner   alive, process "), "{screen}");
    assert!(screen.lines().count() < 24, "one screen: {screen}");
    open_gate(&yard);
    assert_eq!(said(&yard, &["wait", &ids[2].short(), "--timeout", "60s"]).0, Some(0));
    assert_eq!(json(&yard, &["status"])["hooks"][0]["last"]["id"], ids[2].to_string());
    drop(runner);
}

#[test]
fn a_wait_ends_with_its_job_and_follows_the_one_that_took_its_place() {
    let yard = Yard::new("", &[("docs", &GATE.replace("when_newer = \"keep\"\n", ""))]);
    yard.fifo("gate");
    let runner = yard.start();
    let first = queue(&yard, &["a"])[0];
    until_begun(&yard, 1);
    let [older, newer] = [1, 2].map(|n| yard.deliver("docs", "main", &n.to_string()));
    let wait = |id: JobId| yard.hookspool(&["wait", &id.to_string(), "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let waits = [first, older, newer].map(wait);
    let (status, text) = said(&yard, &["wait", &newer.short(), "--timeout", "10ms"]);
    assert_eq!((status, text), (Some(75), format!("hookspool: job {} has not ended: queued\n", newer.short())));
    open_gate(&yard);
    for (waiting, ended) in waits.into_iter().zip([first, newer, newer]) {
        let output = waiting.wait_with_output().unwrap();
        let job: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &job["id"]), (Some(0), &ended.to_string().into()));
    }
    drop(runner);
    assert_eq!(said(&yard, &["wait", "nothing"]).0, Some(1));
}

#[test]
fn a_followed_log_ends_when_its_job_is_cancelled() {
    let yard = Yard::new("", &[("docs", GATE)]);
    yard.fifo("gate");
    let runner = yard.start();
    let id = queue(&yard, &["a"])[0].short();
    until_begun(&yard, 1);
    let log = yard.hookspool(&["log", "-f", &id]).stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(said(&yard, &["cancel", &id]).0, Some(0));
    let output = log.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("was cancelled"), "{text}");
    drop(runner);
}

/// What the doctor says that is no `ok`: level, what, repair.
fn diagnosis(yard: &Yard) -> (Option<i32>, Vec<(String, String, String)>) {
    let output = yard.hookspool(&["doctor", "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = said["findings"].as_array().unwrap().iter();
    let bad = findings.filter(|finding| finding["level"] != "ok");
    (output.status.code(), bad.map(|f| (text(f, "level"), text(f, "what"), text(f, "repair"))).collect())
}

/// A yard in which all is well, as far as the machine lets it.
fn healthy() -> (Yard, usize) {
    let yard = Yard::new("", &[("docs", "steps = [{ git = \"update\" }]")]);
    yard.open_to_all();
    private(&yard);
    yard.drain();
    let git = |arguments: &[&str]| {
        let status = Command::new("git").args(arguments).current_dir(yard.path("site")).status().unwrap();
        assert!(status.success());
    };
    git(&["init", "--quiet", "."]);
    git(&["init", "--quiet", "--bare", "../origin.git"]);
    git(&["remote", "add", "origin", yard.path("origin.git").to_str().unwrap()]);
    let (status, findings) = diagnosis(&yard);
    assert_eq!(status, Some(0), "{findings:?}");
    assert!(findings.iter().all(|(level, ..)| level == "warning" || level == "note"), "{findings:?}");
    let count = findings.len();
    (yard, count)
}

fn private(yard: &Yard) {
    for name in ["secret", "hookspool.toml"] {
        fs::set_permissions(yard.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn the_doctor_finds_what_was_broken_and_its_repair_repairs_it() {
    let (yard, well) = healthy();
    let mode = |name: &str, mode| fs::set_permissions(yard.path(name), fs::Permissions::from_mode(mode)).unwrap();
    for (name, wrong) in [
        ("secret", 0o644),
        ("hookspool.toml", 0o660),
        ("spool/queued", 0o2777),
        ("spool/control", 0o770),
        ("spool/lock", 0o666),
        ("spool/done", 0o2777),
    ] {
        mode(name, wrong);
        let (status, findings) = diagnosis(&yard);
        let found = findings.iter().filter(|(level, ..)| level == "problem").collect::<Vec<_>>();
        assert_eq!((status, !found.is_empty()), (Some(1), true), "{name}: {findings:?}");
        for (_, _, repair) in found {
            assert!(repair.contains(yard.path(name).to_str().unwrap()), "{repair}");
            assert!(Command::new("sh").args(["-c", repair]).status().unwrap().success(), "{repair}");
        }
        let (status, findings) = diagnosis(&yard);
        assert_eq!((status, findings.len()), (Some(0), well), "{name}: {findings:?}");
    }
}

#[test]
fn the_doctor_asks_git_as_a_job_would() {
    let (yard, well) = healthy();
    let problem = |expected: &str| {
        let (status, findings) = diagnosis(&yard);
        let found = findings.iter().any(|(level, what, _)| level == "problem" && what.contains(expected));
        assert_eq!((status, found), (Some(1), true), "{expected}: {findings:?}");
    };
    let git = |arguments: &[&str]| {
        assert!(Command::new("git").args(arguments).current_dir(yard.path("site")).status().unwrap().success());
    };
    fs::rename(yard.path("origin.git"), yard.path("moved.git")).unwrap();
    problem("does not answer: ");
    fs::rename(yard.path("moved.git"), yard.path("origin.git")).unwrap();
    git(&["remote", "rename", "origin", "elsewhere"]);
    problem("has no remote `origin`");
    git(&["remote", "rename", "elsewhere", "origin"]);
    git(&["remote", "set-url", "origin", "git@hookspool-test.invalid:me/x.git"]);
    problem("ssh does not know the host hookspool-test.invalid");
    assert_eq!(yard.hookspool(&["doctor", "--offline"]).stdout(Stdio::null()).status().unwrap().code(), Some(0));
    git(&["remote", "set-url", "origin", yard.path("origin.git").to_str().unwrap()]);
    fs::rename(yard.path("site/.git"), yard.path("git")).unwrap();
    problem("is not a git repository");
    fs::rename(yard.path("git"), yard.path("site/.git")).unwrap();
    assert_eq!(diagnosis(&yard).1.len(), well);
    fs::remove_dir_all(yard.path("site")).unwrap();
    problem("no step makes it");
}

#[test]
fn the_doctor_sees_two_hooks_in_one_directory() {
    let step = "steps = [{ run = [\"true\"] }]";
    let yard = Yard::new("workers = 2", &[("docs", step), ("shop", step)]);
    let (status, text) = said(&yard, &["doctor", "--offline"]);
    assert!(status == Some(1) && text.contains("hooks `docs` and `shop` work in one directory, "), "{text}");
    let step = format!("queue = \"site\"\n{step}");
    yard.configure("workers = 2", &[("docs", &step), ("shop", &step)]);
    let (_, text) = said(&yard, &["doctor", "--offline"]);
    assert!(!text.contains("work in one directory"), "{text}");
}

#[test]
fn the_doctor_looks_for_the_steps_programs_where_the_runner_does() {
    let lines = "steps = [{ run = [\"deploy-it\"] }]\non_failure = [{ run = [\"./tell.sh\"] }]";
    let yard = Yard::new("", &[("docs", lines)]);
    private(&yard);
    let program = yard.path("deploy-it");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let about_steps = || {
        let is_of_step = |what: &str| what.starts_with("steps ") || what.starts_with("on_failure ");
        let found = diagnosis(&yard).1.into_iter().filter(|(_, what, _)| is_of_step(what));
        found.map(|(level, what, _)| format!("{level} {}", what.split(": ").next().unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(about_steps(), ["problem steps 1", "note on_failure 1"]);
    let mut runner = yard.hookspool(&["spool-runner"]);
    let mut runner = runner.env("PATH", program.parent().unwrap()).stderr(Stdio::null()).spawn().unwrap();
    until("it has the lock", || json(&yard, &["status"])["runner"]["alive"] == true);
    let said = about_steps();
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert_eq!(said, ["note on_failure 1"], "the runner has another PATH");
}

#[test]
fn the_doctor_sees_who_has_the_lock_and_what_waits_in_vain() {
    let (yard, _) = healthy();
    yard.append(&crate::spool::append::meta("docs", 0));
    let (status, findings) = diagnosis(&yard);
    assert_eq!(status, Some(1));
    assert!(findings.iter().any(|(_, what, _)| what == "no runner is alive, and there is work: 1 job"), "{findings:?}");
    fs::remove_dir_all(yard.path("spool/queued")).unwrap();
    let (_, findings) = diagnosis(&yard);
    assert!(findings.iter().any(|(_, what, _)| what.contains("/spool/queued cannot be looked at")), "{findings:?}");

    let (yard, _) = healthy();
    // Another program that holds on to it.
    let lock = fs::File::open(yard.path("spool/lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let (status, findings) = diagnosis(&yard);
    let me = std::process::id();
    let found = findings.iter().any(|(_, what, _)| what.starts_with(&format!("the lock is held by process {me}, ")));
    assert_eq!((status, found), (Some(1), true), "{findings:?}");
    drop(lock);

    // A process that somebody who is gone has started, and that holds on to it.
    let script = "exec 9<>../spool/lock; flock 9; sleep 1000 >/dev/null 2>&1 & echo $!";
    let started = Command::new("sh").args(["-c", script]).current_dir(yard.path("site")).output().unwrap();
    let (status, findings) = diagnosis(&yard);
    let pid = String::from_utf8(started.stdout).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    let found = findings.iter().any(|(_, what, _)| what.starts_with("the lock is held for process "));
    assert_eq!((status, found), (Some(1), true), "{findings:?}");
    until("the lock is free", || json(&yard, &["status"])["runner"]["alive"] == false);

    let runner = yard.start();
    until("the runner has the lock", || json(&yard, &["status"])["runner"]["alive"] == true);
    let (status, findings) = diagnosis(&yard);
    assert_eq!((status, findings.iter().any(|(_, what, _)| what.contains("runner is alive"))), (Some(0), false));
    runner.freeze();
    until("it is seen to be stopped", || diagnosis(&yard).1.iter().any(|(_, what, _)| what.ends_with("is stopped")));
    let (_, findings) = diagnosis(&yard);
    let (_, _, repair) = findings.iter().find(|(_, what, _)| what.ends_with("is stopped")).unwrap();
    assert!(Command::new("sh").args(["-c", repair]).status().unwrap().success(), "{repair}");
    until("it goes on", || diagnosis(&yard).0 == Some(0));
    drop(runner);

    // Under another name.
    let program = yard.path("hs");
    fs::hard_link(crate::support::world::PROGRAM, &program)
        .or_else(|_| fs::copy(crate::support::world::PROGRAM, &program).map(drop))
        .unwrap();
    let renamed = |verb: &[&str]| {
        let mut command = Command::new(&program);
        command.arg("--config").arg(yard.path("hookspool.toml")).args(verb).stderr(Stdio::null());
        command
    };
    let mut runner = renamed(&["spool-runner"]).spawn().unwrap();
    until("the renamed runner has the lock", || json(&yard, &["status"])["runner"]["alive"] == true);
    let output = renamed(&["doctor", "--offline"]).output().unwrap();
    runner.kill().unwrap();
    runner.wait().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("a runner is alive: process "), "{text}");
}

#[test]
fn the_step_under_way_its_limit_and_its_last_words_are_told() {
    let steps = "timeout = \"15m\"\nsteps = [{ run = [\"true\"] }, { shell = \"echo 37 percent; cat gate\" }]";
    let yard = Yard::new("", &[("docs", steps)]);
    yard.fifo("gate");
    let runner = yard.start();
    queue(&yard, &["main"]);
    until("the step has printed", || said(&yard, &["status"]).1.contains("37 percent"));
    let (status, text) = said(&yard, &["status"]);
    let line = text.lines().find(|line| line.contains("step 2 of 2")).unwrap().trim();
    assert!(
        line.starts_with("step 2 of 2, echo 37 percent; cat gate, for ")
            && line.contains("(at most 15m); last output "),
        "{line}"
    );
    assert!(
        status == Some(0) && text.contains(&format!("config   {}", yard.path("hookspool.toml").display())),
        "{text}"
    );
    let told = json(&yard, &["status"]);
    assert_eq!((&told["running"][0]["step"]["number"], &told["running"][0]["limit_s"]), (&2.into(), &900.into()));
    std::fs::write(yard.path("site/gate"), "x\n").unwrap();
    drop(runner);
}

#[test]
fn an_error_under_json_is_an_object_too() {
    let yard = Yard::new("", &[("docs", "steps = [{ run = [\"true\"] }]")]);
    let output = yard.hookspool(&["show", "ffffffff", "--json"]).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["exit"], output.status.code()), (&1.into(), Some(1)));
    assert!(told["error"].as_str().unwrap().starts_with("no job `ffffffff`"), "{told}");
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("hookspool: no job `ffffffff`"));
}
