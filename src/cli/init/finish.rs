//! Edge. The end of `init`: whether git reads the repository, a test delivery through the web server, and `doctor`.

use super::apply;
use super::closing::{Closing, Repository, TestRun};
use super::goal::{Run, Url};
use super::plan::HostPlan;
use super::tool;
use super::wishes::Wishes;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Longest wait for the job of the test delivery.
const WAIT: &str = "5m";

/// A hook whose parts stand, and what is asked of it.
pub(super) struct Finish<'a> {
    pub(super) plan: &'a HostPlan,
    pub(super) wishes: &'a Wishes,
    pub(super) config: &'a Path,
    /// True if this run changed something.
    pub(super) has_changed: bool,
    /// The reason why the hook does not answer at its URL.
    pub(super) silence: Option<String>,
}

impl Finish<'_> {
    /// Tries the hook, and collects the facts for the last words.
    pub(super) fn look(&self) -> Closing {
        let repository = self.repository();
        let has_succeeded = self.has_succeeded();
        let delivery = match (&self.silence, &repository) {
            (Some(why), _) | (None, Repository::Closed(why)) => TestRun::Impossible(why.clone()),
            _ if has_succeeded && !self.has_changed => TestRun::Unneeded,
            (None, repository) => self.deliver(repository),
        };
        let is_told = self.has_changed || !has_succeeded;
        Closing {
            url: self.wishes.hook_url(),
            provider: self.wishes.provider,
            secret: self.secret(is_told),
            public_key: self.public_key(&repository),
            repository,
            delivery,
            findings: self.doctor(),
            unencrypted: self.unencrypted(),
            has_changed: self.has_changed,
        }
    }

    /// The reason why HTTPS does not lead to the hook yet, where the forge is to come by it.
    fn unencrypted(&self) -> Option<String> {
        let is_tried_already = self.plan.url.host.is_none() || !self.wishes.url.is_https;
        if is_tried_already || !self.has_changed {
            return None;
        }
        apply::answers(&Url { url: self.wishes.hook_url(), host: None }).err()
    }

    /// The secret's file, and its text if a person is to enter it at the forge.
    fn secret(&self, is_told: bool) -> Option<(String, Option<String>)> {
        let file = self.plan.secret.as_ref()?;
        let is_theirs = self.wishes.secret_file.is_some();
        let text = fs::read_to_string(file).ok().filter(|_| is_told && !is_theirs);
        Some((file.display().to_string(), text.map(|text| text.trim_end().to_owned())))
    }

    fn public_key(&self, repository: &Repository) -> Option<String> {
        let file = self.plan.public_key.as_ref().filter(|_| matches!(repository, Repository::Closed(_)))?;
        fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
    }

    /// Asks the remote as a job would.
    fn repository(&self) -> Repository {
        let Some(from) = &self.wishes.from else { return Repository::None };
        let run = self.as_runner(Run::new(&["git", "ls-remote", "--symref", "--", from, "HEAD"]));
        match tool::ask(&run) {
            Some(said) if said.is_good() => Repository::Open(default_branch(&said.out)),
            Some(said) => Repository::Closed(reason(&said.err)),
            None => Repository::Closed("`git` is not installed".to_owned()),
        }
    }

    fn deliver(&self, repository: &Repository) -> TestRun {
        let url = &self.plan.url;
        let mut arguments = vec!["send", &self.wishes.name, "--url", &url.url, "--json"];
        if let Some(host) = &url.host {
            arguments.extend(["--host", host]);
        }
        if let (Repository::Open(Some(branch)), false) = (repository, self.wishes.names_branches) {
            arguments.extend(["--branch", branch]);
        }
        let Some(said) = tool::ask(&self.hookspool(&arguments)) else {
            return TestRun::Impossible("no answer".to_owned());
        };
        let answer: Value = serde_json::from_str(&said.out).unwrap_or_default();
        let Some(job) = answer["jobs"][0].as_str() else {
            let error = answer["error"].as_str().or(answer["text"].as_str());
            return TestRun::Impossible(error.unwrap_or(said.err.trim()).to_owned());
        };
        self.run_job(job)
    }

    /// The end of the job that the delivery made.
    fn run_job(&self, job: &str) -> TestRun {
        if self.plan.is_by_cron {
            // Cron comes within a minute; nobody has to wait for it.
            let _its_end_is_looked_at = tool::run(&self.as_runner(self.hookspool(&["spool-runner", "--once"])));
        }
        let ended = tool::run(&self.hookspool(&["wait", job, "--timeout", WAIT, "--json"]));
        let text = ended.map(|ended| ended.text).unwrap_or_default();
        let shown: Value = serde_json::from_str(&text).unwrap_or_default();
        let word = |key: &str| shown[key].as_str().unwrap_or_default().to_owned();
        TestRun::Ended { job: job.to_owned(), outcome: word("outcome"), reason: word("reason") }
    }

    fn has_succeeded(&self) -> bool {
        let run = self.hookspool(&["list", "--hook", &self.wishes.name, "--state", "done", "--limit", "1", "--json"]);
        let list: Value = tool::ask(&run).and_then(|said| serde_json::from_str(&said.out).ok()).unwrap_or_default();
        list.as_array().is_some_and(|jobs| !jobs.is_empty())
    }

    /// Lines of what is not as it should be.
    fn doctor(&self) -> Vec<String> {
        let said = tool::ask(&self.hookspool(&["doctor", "--json"]));
        let found: Value = said.and_then(|said| serde_json::from_str(&said.out).ok()).unwrap_or_default();
        let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        let findings = found["findings"].as_array().cloned().unwrap_or_default();
        let weighty = findings
            .iter()
            .filter(|finding| ["warning", "problem"].contains(&finding["level"].as_str().unwrap_or_default()));
        let line = |finding: &Value| {
            let [level, what, why, repair] = ["level", "what", "why", "repair"].map(|key| word(finding, key));
            let repair = if repair.is_empty() { String::new() } else { format!("; {repair}") };
            format!("{level}: {what}: {why}{repair}")
        };
        weighty.map(line).collect()
    }

    fn hookspool(&self, arguments: &[&str]) -> Run {
        let (program, config) = (self.plan.program.to_string_lossy(), self.config.to_string_lossy());
        Run::new(&[&[&*program, "--config", &*config], arguments].concat())
    }

    fn as_runner(&self, run: Run) -> Run {
        let is_root = rustix::process::geteuid().is_root();
        Run { user: is_root.then(|| self.plan.runner.user.clone()), ..run }
    }
}

/// The branch in the answer of `git ls-remote --symref`, whose fields a tab parts.
fn default_branch(said: &str) -> Option<String> {
    let name = said.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.split('\t').next())?;
    Some(name.to_owned())
}

/// The line of git and ssh that names the cause.
fn reason(said: &str) -> String {
    let is_cause =
        |line: &&str| ["Permission denied", "Host key", "fatal:", "ERROR"].iter().any(|word| line.contains(word));
    let found = said.lines().find(is_cause).or_else(|| said.lines().last()).unwrap_or("git says nothing");
    crate::model::without_credentials(found.trim())
}
