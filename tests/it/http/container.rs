//! Edge. `hookspool serve --runner` as process 1 of a name space of its own, as in a container: it ends when it is told
//! to, and it is the parent of every orphan.

use super::{Served, push};
use crate::support::github::{COMMIT, push_to};
use crate::support::until;
use crate::support::yard::{Runner, Yard};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::Command;

/// Leaves a process that ends when somebody writes to its pipe, and whose parent has gone.
const ORPHAN: &str = "(setsid sh -c 'read x <gate' >/dev/null 2>&1 &)";

/// Process 1, in a session of its own, as container runtimes start it.
fn start(yard: &Yard) -> Served {
    let mut command = Command::new("unshare");
    if !rustix::process::getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child", "setsid"]);
    let hookspool = yard.hookspool(&["serve", "--listen", "127.0.0.1:0", "--runner"]);
    command.arg(hookspool.get_program()).args(hookspool.get_args());
    Served::wait(yard, yard.start_as(command))
}

/// The children of a process, those included that have ended and were not reaped.
fn children(of: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    let child = |line: String| {
        let parent = line.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<i32>().ok()?;
        (parent == of).then(|| line.split(' ').next()?.parse().ok())?
    };
    lines.filter_map(child).collect()
}

/// The number of process 1 outside of its name space.
fn outside(process: &Runner) -> i32 {
    children(process.id())[0]
}

#[test]
fn process_1_runs_jobs_reaps_every_orphan_and_ends_when_it_is_told_to() {
    let hook = ("docs", format!("steps = [{{ shell = \"\"\"{ORPHAN}; echo $$ >ran\"\"\" }}]"));
    let yard = Yard::new("", &[(hook.0, &hook.1)]);
    yard.fifo("gate");
    let served = start(&yard);
    let first = outside(&served.process);
    assert_eq!(served.send(&push(&push_to("main", COMMIT))).status, 202);
    until("the job has run", || yard.listed()[0]["state"] == "done");
    until("its orphan is a child of process 1", || children(first).len() == 1);
    fs::write(yard.path("site/gate"), "x\n").unwrap();
    until("the orphan is reaped", || children(first).is_empty());

    // As `docker exec` starts one, which leaves its own orphan behind.
    let orphan = "(setsid sh -c 'echo >left' >/dev/null 2>&1 &)";
    let mut exec = Command::new("nsenter");
    exec.args(["--target", &first.to_string(), "--pid"]);
    if !rustix::process::getuid().is_root() {
        exec.args(["--user", "--preserve-credentials"]);
    }
    exec.args(["setsid", "--wait", "sh", "-c", orphan]).current_dir(yard.path("site"));
    assert!(exec.status().unwrap().success());
    until("it has come and gone", || yard.path("site/left").exists() && children(first).is_empty());

    kill_process(Pid::from_raw(first).unwrap(), Signal::TERM).unwrap();
    assert_eq!(served.process.ends(), Some(0));
    let log = yard.log();
    assert!(log.contains("event=stopped") && log.contains("event=runner-ended"), "{log}");
    assert!(log.contains("pid=1\n"), "{log}");
}
