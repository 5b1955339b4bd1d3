//! Edge. A hook `app` whose jobs make releases, the repository that they come from, and the real runner.

use crate::support::control::{json, said};
use crate::support::yard::Yard;
use hookspool::model::JobId;
use serde_json::Value;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Steps of a hook that asks for nothing.
pub(crate) const NO_STEPS: &str = "steps = [{ run = [\"true\"] }]";

/// End of the name of a mark.
const MARK: &str = ".good";

/// A yard with one hook that has releases in `app/`, out of `origin/`.
pub(crate) struct App {
    yard: Yard,
    /// Keys of `releases`, beside `dir` and `from`.
    place: String,
}

impl Deref for App {
    type Target = Yard;

    fn deref(&self) -> &Yard {
        &self.yard
    }
}

impl App {
    /// `place` are keys of `releases`, `lines` those of the hook; in both `ROOT` is the directory.
    pub(crate) fn new(place: &str, lines: &str) -> Self {
        Self::of(Yard::new("", &[]), place, lines)
    }

    /// The same in memory.
    pub(crate) fn in_memory(place: &str, lines: &str) -> Self {
        Self::of(Yard::in_memory("", &[]), place, lines)
    }

    fn of(yard: Yard, place: &str, lines: &str) -> Self {
        let app = Self { yard, place: place.to_owned() };
        fs::create_dir(app.path("origin")).unwrap();
        app.git(&["init", "--quiet"]);
        app.commit(&[("page", "0")]);
        app.set(lines);
        app
    }

    /// Gives the hook other lines.
    pub(crate) fn set(&self, lines: &str) {
        let from = "dir = \"ROOT/app\", from = \"ROOT/origin\"";
        let lines = format!("branches = [\"main\"]\nreleases = {{ {from}, {} }}\n{lines}", self.place);
        self.yard.configure("", &[("app", &lines)]);
    }

    /// git in `origin`.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git(&self.path("origin"), args)
    }

    /// Commits files; the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        for (name, text) in files {
            let file = self.path("origin").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Queues a push of `main`.
    pub(crate) fn push(&self) -> JobId {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let delivery = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.deliver("app", "main", &delivery.to_string())
    }

    /// Commits files, and deploys them, whatever comes of it.
    pub(crate) fn try_to_deploy(&self, files: &[(&str, &str)]) -> JobId {
        self.commit(files);
        let id = self.push();
        self.drain();
        id
    }

    /// Commits files, and deploys them; the log of the job.
    pub(crate) fn deploy(&self, files: &[(&str, &str)]) -> String {
        let id = self.try_to_deploy(files);
        let log = self.log_of(id);
        assert_eq!(self.job(id)[1], "succeeded", "{:?}\n{log}", self.job(id));
        log
    }

    /// The reason of a job that fails.
    pub(crate) fn fails(&self, files: &[(&str, &str)]) -> String {
        let id = self.try_to_deploy(files);
        let [state, _, reason] = self.job(id);
        assert_eq!(state, "failed", "{}", self.log_of(id));
        reason.replace(self.root().to_str().unwrap(), "ROOT")
    }

    pub(crate) fn log_of(&self, id: JobId) -> String {
        fs::read_to_string(self.spool().join(format!("log/{id}.log"))).unwrap_or_default()
    }

    /// A path below `app/`.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path("app").join(path)
    }

    /// What is served under a name.
    pub(crate) fn page(&self, name: &str) -> String {
        fs::read_to_string(self.at("current").join(name)).unwrap_or_default()
    }

    /// Names in a directory below `app/`, sorted.
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        crate::spool::append::names(&self.at(directory))
    }

    /// Names of the releases in `releases/`, without their marks.
    pub(crate) fn trees(&self) -> Vec<String> {
        let names = self.names_in("releases");
        names.iter().filter(|name| name.strip_suffix(MARK).is_none() && *name != ".lock").cloned().collect()
    }

    /// Names of those that have a mark.
    pub(crate) fn good(&self) -> Vec<String> {
        self.names_in("releases").iter().filter_map(|name| name.strip_suffix(MARK).map(str::to_owned)).collect()
    }

    /// Numbers of the releases in `releases/`, sorted.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let number = |name: &String| name.split_once('-')?.0.parse().ok();
        let mut numbers: Vec<u64> = self.trees().iter().filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// The number of the release that `current` leads to.
    pub(crate) fn current(&self) -> u64 {
        let led = fs::read_link(self.at("current")).unwrap();
        assert!(led.is_relative(), "{}", led.display());
        number_of(led.file_name().unwrap().to_str().unwrap())
    }

    /// The lines of the log of switches, each as `kind number`.
    pub(crate) fn switches(&self) -> Vec<String> {
        let line = |line: &str| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            format!("{} {}", line["what"].as_str().unwrap(), number_of(line["release"].as_str().unwrap()))
        };
        fs::read_to_string(self.at("releases.log")).unwrap_or_default().lines().map(line).collect()
    }

    /// A rollback that must be done; what it said.
    pub(crate) fn roll_back(&self, words: &[&str]) -> String {
        let (status, text) = said(&self.yard, &[&["rollback", "app"], words].concat());
        assert_eq!(status, Some(0), "{text}");
        text
    }

    /// What `releases --json` says.
    pub(crate) fn releases(&self) -> Value {
        json(&self.yard, &["releases", "app"])
    }
}

fn number_of(release: &str) -> u64 {
    release.split_once('-').and_then(|(number, _)| number.parse().ok()).unwrap_or_else(|| panic!("{release}"))
}

/// git as a person would use it.
pub(crate) fn git(dir: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    let mut command = Command::new("git");
    command.args(who).args(["-c", "protocol.file.allow=always"]).args(args).current_dir(dir).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
