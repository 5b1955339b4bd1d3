//! Edge. A work directory, the repository that it comes from, and what serves it.

use crate::support::steps::{Bench, Done, step};
use crate::support::{self, answers, free_port};
use hookspool::config::{GitUpdate, StepAction};
use hookspool::model::{EventKind, Outcome, RefName};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Runs git as a person would; what it says.
pub(super) fn git(dir: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    let mut command = Command::new("git");
    let output = command.args(who).args(args).current_dir(dir).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A job whose step is an update, and the repository that it comes from.
pub(super) struct Site {
    pub(super) bench: Bench,
    pub(super) origin: PathBuf,
}

impl Site {
    /// `origin` has one commit on `main`; the work directory is empty, and may be cloned into.
    pub(super) fn new() -> Self {
        let mut bench = Bench::new([]);
        let origin = bench.root.path().join("origin");
        fs::create_dir(&origin).unwrap();
        git(&origin, &["init", "--quiet"]);
        let from = Some(origin.display().to_string());
        bench.plan.steps = vec![step(StepAction::Git(GitUpdate { from, ..GitUpdate::default() }))];
        bench.lock_wait = Duration::from_millis(300);
        let site = Self { bench, origin };
        site.commit("file", "one");
        site
    }

    /// Commits `text` as file `name` on what is checked out in `origin`; the commit.
    pub(super) fn commit(&self, name: &str, text: &str) -> String {
        fs::write(self.origin.join(name), text).unwrap();
        git(&self.origin, &["add", "-A"]);
        git(&self.origin, &["commit", "--quiet", "-m", text]);
        git(&self.origin, &["rev-parse", "HEAD"])
    }

    pub(super) fn dir(&self) -> &Path {
        self.bench.dir()
    }

    pub(super) fn update_to(&mut self, reference: &str) -> Done {
        self.bench.facts.meta.reference = Some(RefName::parse(reference).unwrap());
        self.bench.run()
    }

    /// An update because CI succeeded on `tested`.
    pub(super) fn update_tested(&mut self, reference: Option<&str>, tested: &str) -> Done {
        self.bench.facts.meta.event = EventKind::Ci;
        self.bench.facts.meta.after = Some(tested.to_owned());
        self.bench.facts.meta.reference = reference.map(|name| RefName::parse(name).unwrap());
        self.bench.run()
    }

    pub(super) fn updated_to(&mut self, reference: &str) -> String {
        let done = self.update_to(reference);
        assert_eq!(done.result.outcome, Outcome::Succeeded, "{}\n{}", done.result.reason, done.log);
        let commit = done.result.commit.unwrap();
        assert_eq!(git(self.dir(), &["rev-parse", "HEAD"]), commit);
        assert_eq!(git(self.dir(), &["status", "--porcelain", "--untracked-files=no"]), "");
        assert!(
            done.log.contains(&format!(" job deployed commit {commit} of {reference}; previously ")),
            "{}",
            done.log
        );
        commit
    }

    /// The reason why an update fails, and whether it may pass by itself.
    pub(super) fn refusal(&mut self, reference: &str) -> (String, bool) {
        let done = self.update_to(reference);
        assert_eq!(done.result.outcome, Outcome::Failed, "{}", done.log);
        let dir = self.dir().canonicalize().unwrap_or(self.dir().to_owned()).display().to_string();
        let reason = done.result.reason.strip_prefix("step 1 (git update): ").unwrap().replace(&dir, "DIR");
        (reason, done.result.transient)
    }
}

/// `git daemon`, for what needs a network.
pub(super) struct Daemon {
    pub(super) port: u16,
    _server: support::Daemon,
    _log: TempDir,
}

impl Daemon {
    pub(super) fn start(base: &Path) -> Self {
        let (port, log) = (free_port(), tempfile::tempdir().unwrap());
        let path = Command::new("git").arg("--exec-path").output().unwrap().stdout;
        let mut daemon = Command::new(Path::new(String::from_utf8(path).unwrap().trim()).join("git-daemon"));
        daemon.args(["--export-all", "--listen=127.0.0.1", &format!("--port={port}")]);
        daemon.arg(format!("--base-path={}", base.display()));
        let server = support::Daemon::start("git-daemon", daemon, &log.path().join("log"), &[]);
        Self { port, _server: server.ready(|| answers(port)), _log: log }
    }
}
