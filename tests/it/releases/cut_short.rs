//! A runner and a verb, killed at each call by which a release is made, marked, switched to, removed or left again: what
//! is served is one whole release, and the next start makes up for the rest.
//!
//! Without more, each third call is one of these moments. With `HOOKSPOOL_CRASH=full` in the environment
//! (`tests/campaign calls`) each is.

use crate::crash::strace::{Call, Strace, run, was_killed};
use crate::support::app::App;
use crate::support::crash_home::whole_map;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Calls that change something.
const CHANGES: [&str; 16] = [
    "mkdir",
    "mkdirat",
    "symlink",
    "symlinkat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "fsync",
    "fdatasync",
    "syncfs",
    "pwrite64",
    "write",
    "ftruncate",
];

/// A hook with three releases, the last of which failed, and a fourth commit: `current` is the second.
struct Bed {
    app: App,
    /// Every path of the releases that a job or a rollback touches.
    paths: Vec<PathBuf>,
}

const LINES: &str = "retry = { attempts = 5, backoff = \"1ms\", cap = \"1ms\" }\n\
                     steps = [{ shell = \"test ! -e fail && cp page other\" }, { switch = \"current\" }]";

impl Bed {
    fn new() -> Self {
        let app = App::in_memory("keep = 1, shared = [\"data\"]", LINES);
        app.deploy(&[("page", "first")]);
        app.deploy(&[("page", "old")]);
        app.fails(&[("page", "failed"), ("fail", "")]);
        app.git(&["rm", "--quiet", "fail"]);
        let commit = app.commit(&[("page", "new")]);
        app.push();
        let mut names = app.trees();
        // Another attempt has another number.
        names.extend((4..7).map(|number| format!("{number}-{}", &commit[..10])));
        let of = |name: &String| {
            ["", "/data", ".good"]
                .map(|end| format!("releases/{name}{end}"))
                .into_iter()
                .chain(["good.new", "gone"].map(|end| format!("releases/.{name}.{end}")))
        };
        let beside = ["", "current", ".current.new", "releases", "releases.log", "shared", "shared/data"];
        let paths = names.iter().flat_map(of).chain(beside.map(str::to_owned)).map(|path| app.at(&path)).collect();
        let bed = Self { app, paths };
        bed.copy("", "snapshot");
        bed
    }

    fn copy(&self, from: &str, to: &str) {
        let (from, to) = (self.app.path(from), self.app.path(to));
        fs::create_dir_all(&to).unwrap();
        for part in ["app", "spool"] {
            let _absent_at_first = fs::remove_dir_all(to.join(part));
            let copied = Command::new("cp").arg("-a").arg(from.join(part)).arg(&to).status().unwrap();
            assert!(copied.success());
        }
    }

    fn reset(&self) {
        self.copy("snapshot", "");
    }

    /// The calls of a clean run, of the thread that switches.
    fn calls(&self, words: &[&str]) -> Vec<Call> {
        self.reset();
        let strace = self.app.strace().only(&self.paths).follow_apart();
        let output = run(&mut strace.around(&self.app.hookspool(words)), Stdio::null());
        assert!(output.status.success(), "{output:?}");
        let threads = strace.calls_apart();
        for name in crate::spool::append::names(self.app.root()) {
            if name.starts_with("trace.") {
                fs::remove_file(self.app.path(&name)).unwrap();
            }
        }
        let switches = |calls: &&Vec<Call>| calls.iter().any(|call| call.arguments.contains(".current.new"));
        let calls = threads.iter().find(switches).unwrap_or_else(|| panic!("nobody switched: {threads:?}"));
        calls.iter().filter(|call| call.is_one_of(&CHANGES)).cloned().collect()
    }

    fn kill(&self, words: &[&str], call: &Call) {
        self.reset();
        let strace: Strace = self.app.strace().only(&self.paths).follow().kill_at(&call.name, call.nth);
        let output = run(&mut strace.around(&self.app.hookspool(words)), Stdio::null());
        assert!(was_killed(&output), "not killed at {call:?}: {output:?}");
    }

    /// What is served is one whole build; its name.
    fn served(&self, at: &Call) -> String {
        let pages = ["page", "other"].map(|name| self.app.page(name));
        assert!(pages[0] == pages[1] && ["first", "old", "new"].contains(&pages[0].as_str()), "{at:?}: {pages:?}");
        assert!(self.app.at("current/data").is_dir(), "{at:?}");
        pages[0].clone()
    }

    /// Nothing is left of what was cut short, and the log ends with what is current.
    fn expect_settled(&self, at: &Call) {
        let names = [self.app.names_in(""), self.app.names_in("releases")].concat();
        let left: Vec<&String> = names.iter().filter(|name| name.starts_with('.') && *name != ".lock").collect();
        assert!(left.is_empty(), "{at:?}: {left:?}");
        let switches = self.app.switches();
        let last = switches.last().unwrap().split_once(' ').unwrap().1.to_owned();
        assert_eq!(last, self.app.current().to_string(), "{at:?}: {switches:?}");
        let listed = self.app.releases();
        let current = listed.as_array().unwrap().iter().find(|release| release["current"] == true).unwrap();
        assert_eq!(current["good"], true, "{at:?}: {listed}");
    }
}

/// Some of them, or all.
fn moments(calls: &[Call]) -> impl Iterator<Item = &Call> {
    calls.iter().enumerate().filter(|(at, _)| whole_map() || at % 3 == 0).map(|(_, call)| call)
}

#[test]
fn a_runner_killed_at_any_call_of_a_release_leaves_one_that_is_whole() {
    let bed = Bed::new();
    let words = ["spool-runner", "--once"];
    let calls = bed.calls(&words);
    assert!(calls.len() > 15, "{calls:?}");
    for call in moments(&calls) {
        bed.kill(&words, call);
        bed.served(call);
        let drained = bed.app.drain();
        assert!(drained.status.success(), "{call:?}: {drained:?}");
        assert_eq!(bed.served(call), "new", "{call:?}");
        bed.expect_settled(call);
        let good = bed.app.good();
        assert!((2..=3).contains(&good.len()), "{call:?}: {good:?}");
    }
}

#[test]
fn a_rollback_killed_at_any_call_is_done_by_the_next_and_never_in_part() {
    let bed = Bed::new();
    let words = ["rollback", "app", "--to", "1"];
    let calls = bed.calls(&words);
    assert!(calls.len() > 4, "{calls:?}");
    for call in &calls {
        bed.kill(&words, call);
        assert!(["first", "old"].contains(&bed.served(call).as_str()), "{call:?}");
        let text = bed.app.roll_back(&["--to", "1"]);
        assert_eq!(bed.served(call), "first", "{call:?}: {text}");
        bed.expect_settled(call);
        assert!(bed.app.spool().join("holds/app").exists(), "{call:?}");
        let back = bed.app.switches().iter().filter(|line| *line == "rollback 1" || *line == "found 1").count();
        assert_eq!(back, 1, "{call:?}: {:?}", bed.app.switches());
    }
}
