//! Pure. A configuration that has been checked: only things that are right.

use super::globs::Globs;
use super::relay::RelaySettings;
use crate::model::JobId;
use crate::notify::{MessageRate, Messenger, StatusForge, TellOn};
use crate::provider::{Pointer, Provider, ReadOptions};
use jiff::Timestamp;
use regex::Regex;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A whole configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file that it came from.
    pub file: PathBuf,
    /// Time at which it was read.
    pub read_at: Timestamp,
    /// The version of the file that was read.
    pub version: FileVersion,
    /// The spool directory, absolute.
    pub spool: PathBuf,
    /// Largest payload in bytes (`body_limit`, default 25 MiB).
    pub body_limit_bytes: u64,
    /// The choice about the receivers' sandbox (`sandbox`, default `auto`).
    pub sandbox: SandboxMode,
    /// `[runner]`.
    pub runner: RunnerSettings,
    /// `[page]`.
    pub page: Option<PageSettings>,
    /// The targets of messages, in order of the file; names are unique.
    pub notify: Vec<NotifyTarget>,
    /// `[relay]`, where there are other hosts.
    pub relay: Option<RelaySettings>,
    /// The hooks, in order of the file; names are unique.
    pub hooks: Vec<Hook>,
}

/// The mark of a version of a file, whatever the clock said: inode, length, and time of the last change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileVersion {
    pub(super) inode: u64,
    pub(super) length_bytes: u64,
    pub(super) changed_at: (i64, i64),
}

impl Config {
    /// The hook of that name.
    pub fn hook(&self, name: &str) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.name == name)
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&NotifyTarget> {
        self.notify.iter().find(|target| target.name == name)
    }

    /// The hosts beside this one that the jobs of `hook` are for.
    pub fn other_hosts<'a>(&'a self, hook: &'a Hook) -> impl Iterator<Item = &'a str> {
        let own = self.relay.as_ref().map(|relay| relay.name.as_str());
        hook.hosts.iter().map(String::as_str).filter(move |host| Some(*host) != own)
    }

    /// True if the jobs of `hook` are for other hosts alone.
    pub fn only_passes_on(&self, hook: &Hook) -> bool {
        !hook.hosts.is_empty() && self.other_hosts(hook).count() == hook.hosts.len()
    }
}

/// `sandbox`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxMode {
    /// As far as the kernel can (default).
    Auto,
    /// A receiver that cannot have one refuses to work.
    Require,
    /// None.
    Off,
}

impl SandboxMode {
    /// The words for it.
    pub const WORDS: [(&'static str, Self); 3] = [("auto", Self::Auto), ("require", Self::Require), ("off", Self::Off)];
}

/// `[runner]`.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// Queues that run side by side (`workers`, default 1).
    pub workers: usize,
    /// Directory of the daily application logs (default: the spool's `log/`).
    pub log_dir: Option<PathBuf>,
    /// The file of metrics (`metrics`); `None`: none is written.
    pub metrics: Option<PathBuf>,
    /// Time that a stopping runner leaves the running job (`grace`, default 60 s).
    pub grace: Duration,
    /// Retention of jobs that succeeded or were skipped (`keep`, default 30 days).
    pub keep: Duration,
    /// Most of them that stay (`keep_count`); `None`: any number.
    pub keep_count: Option<usize>,
}

/// `[page]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSettings {
    /// Directory of the page's files, absolute.
    pub dir: PathBuf,
    /// The URL at which people find them, without a slash at its end.
    pub url: Option<String>,
    /// `true` if the jobs' logs may be read there, too.
    pub logs: bool,
    /// Heading of the page.
    pub title: String,
}

impl PageSettings {
    /// The URL of a job's own page.
    pub fn job_url(&self, id: JobId) -> Option<String> {
        self.url.as_ref().map(|url| format!("{url}/job/{id}.html"))
    }
}

/// One `[[hook]]`. The receiver reads everything but `plan`; the runner reads `name`, `plan`, and once more `rules`.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The last part of its URL, `[A-Za-z0-9._-]+`.
    pub name: String,
    /// A whole path it also answers on, beginning with `/`.
    pub path: Option<String>,
    /// Provider, with the scheme that verifies its deliveries.
    pub provider: Provider,
    /// `true` if a GET with the payload in the query is a delivery.
    pub allow_get: bool,
    /// The way in which its deliveries are read (`payload`, `delivery_header`).
    pub reading: ReadOptions,
    /// Its secrets; at least one, but where its jobs come from other hosts.
    pub secrets: Vec<HookSecret>,
    /// The hosts that run its jobs; none: this one alone.
    pub hosts: Vec<String>,
    /// The hosts whose jobs it takes. Such a hook gets no deliveries.
    pub from: Vec<String>,
    /// The rules by which deliveries become jobs.
    pub rules: Rules,
    /// Queue, steps and limits of a job.
    pub plan: Plan,
}

/// One of the secrets of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSecret {
    /// Its source.
    pub source: SecretSource,
    /// The moment from which it does not count any more.
    pub expires: Option<Timestamp>,
}

impl HookSecret {
    /// `true` if it is accepted at `now`.
    pub fn counts_at(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }
}

/// Source of a secret. Its value never enters the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// `{ file = "/path" }`: the file's bytes without one trailing line end.
    File(PathBuf),
    /// `{ env = "NAME" }`.
    Env(String),
    /// `{ credential = "name" }`: `$CREDENTIALS_DIRECTORY/name` (systemd `LoadCredential=`).
    Credential(String),
}

/// The rules by which deliveries become jobs.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Wanted kinds, as in `EventKind::as_str` (default `push`).
    pub events: Vec<String>,
    /// Wanted branches; `None`: the repository's default branch, as the delivery names it.
    pub branches: Option<Globs>,
    /// Wanted tags; `None`: no tags.
    pub tags: Option<Globs>,
    /// The only repository accepted, `owner/name`, compared without case.
    pub repository: Option<String>,
    /// Run only if one of these paths changed; `None`: always.
    pub paths: Option<Globs>,
    /// Not if the head commit's message holds one of these, compared without ASCII case (default
    /// `[skip deploy]` and `[deploy skip]`).
    pub skip: Vec<String>,
    /// Only if all of these hold for the payload.
    pub fields: Vec<FieldRule>,
}

/// An element of `match`.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// Path in the payload.
    pub field: Pointer,
    /// Test of the value there.
    pub test: FieldTest,
}

/// Test of a field of the payload.
#[derive(Debug, Clone)]
pub enum FieldTest {
    /// This text.
    Text(String),
    /// This number.
    Number(u64),
    /// This truth value.
    Flag(bool),
    /// A text in which this is found.
    Regex(Regex),
}

/// Queue, steps and limits of a job.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Work directory of the steps, absolute; of a hook with `releases` the directory that holds them.
    pub dir: PathBuf,
    /// `releases`: each job makes a directory of its own, and its steps work there.
    pub releases: Option<Releases>,
    /// `rollback = "on-failure"`: switch back when a step after the switch fails.
    pub rolls_back: bool,
    /// `umask`: permissions that the files of the steps never have.
    pub umask: Option<u32>,
    /// `ssh_key`: the only key that git's ssh offers.
    pub ssh_key: Option<PathBuf>,
    /// Queue (default: the hook's name). Jobs of a queue run one after the other.
    pub queue: String,
    /// The choice among several waiting jobs for one hook and ref.
    pub when_newer: WhenNewer,
    /// Retries of a failed attempt.
    pub retry: Retry,
    /// Treatment of a job that was running when the runner died.
    pub on_interrupt: OnInterrupt,
    /// Longest time of one attempt.
    pub timeout: Duration,
    /// Longest time in which a step prints nothing.
    pub silence: Option<Duration>,
    /// Interval at which the remote is asked for missed pushes.
    pub reconcile: Option<Duration>,
    /// Variables of the steps' environment.
    pub env: Vec<Variable>,
    /// The box of its `run` and `shell` steps, where these say nothing else.
    pub confine: Option<Confine>,
    /// The steps, in order; at least one.
    pub steps: Vec<Step>,
    /// Run after a failed last attempt. The failure of what runs after a job changes nothing, here and below.
    pub on_failure: Vec<Step>,
    /// Run after a success.
    pub on_success: Vec<Step>,
    /// Run after the first success that follows a failure of the same hook and ref.
    pub on_recovery: Vec<Step>,
    /// Run after each job that ended for good, after all others.
    pub always: Vec<Step>,
    /// Names of the targets that are told of its jobs.
    pub notify: Vec<String>,
    /// The place where the state of a job is shown at its commit.
    pub status: Option<StatusSettings>,
}

/// One `[[notify]]`: a target of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyTarget {
    /// Its name.
    pub name: String,
    /// The service (`kind`).
    pub messenger: Messenger,
    /// The jobs that it is told of.
    pub on: TellOn,
    /// Messages in a time (`max`).
    pub rate: MessageRate,
    /// `url`.
    pub url: Option<TargetUrl>,
    /// `token`.
    pub token: Option<SecretSource>,
    /// `sign`.
    pub sign: Option<SecretSource>,
    /// `room`.
    pub room: String,
    /// `chat_id`.
    pub chat_id: String,
    /// `topic`.
    pub topic: Option<String>,
    /// `to`.
    pub to: Vec<String>,
    /// `from`.
    pub from: String,
}

/// Address of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetUrl {
    /// It is no secret.
    Typed(String),
    /// It is one.
    Secret(SecretSource),
}

/// `status` of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSettings {
    /// The forge, by the hook's provider.
    pub forge: StatusForge,
    /// `token`.
    pub token: SecretSource,
    /// `api`.
    pub api: String,
    /// `repository`.
    pub repository: String,
}

impl Plan {
    /// The longest time that the step at `number`, from 1, may take.
    pub fn limit_of(&self, number: usize) -> Duration {
        let own = number.checked_sub(1).and_then(|index| self.steps.get(index)?.timeout);
        own.map_or(self.timeout, |own| own.min(self.timeout))
    }

    /// The place of the step that switches among `steps`, from 0.
    pub fn switch_at(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.action == StepAction::Switch)
    }

    /// The box in which `step` runs; none for what is done by the runner itself.
    pub fn box_of<'a>(&'a self, step: &'a Step) -> Option<&'a Confine> {
        match (&step.action, &step.confining) {
            (StepAction::Run(_) | StepAction::Shell(_), Confining::AsHook) => self.confine.as_ref(),
            (StepAction::Run(_) | StepAction::Shell(_), Confining::In(own)) => Some(own),
            _ => None,
        }
    }

    /// The steps of all lists.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        [&self.steps, &self.on_failure, &self.on_success, &self.on_recovery, &self.always].into_iter().flatten()
    }

    /// The boxes of all its steps.
    pub fn boxes(&self) -> impl Iterator<Item = &Confine> {
        self.all_steps().filter_map(|step| self.box_of(step))
    }

    /// `true` if its confined steps write to the work directory of `other`, as far as names tell.
    pub fn confines_in(&self, other: &Self) -> bool {
        let meets = |place: &Path| place.starts_with(&other.dir) || other.dir.starts_with(place);
        let may_write = |path: &BoxPath| match path {
            BoxPath::At(path) => meets(path),
            // Whose home that is, only the runner knows.
            BoxPath::InHome(_) => true,
        };
        let writes_in_dir = self.releases.is_none() && meets(&self.dir);
        let has_boxes = self.boxes().next().is_some();
        has_boxes && (writes_in_dir || self.boxes().flat_map(|confine| &confine.write).any(may_write))
    }

    /// The variables of the hook and of all its steps.
    pub fn all_variables(&self) -> impl Iterator<Item = &Variable> {
        self.env.iter().chain(self.all_steps().flat_map(|step| &step.env))
    }

    /// The steps that follow the switch.
    pub fn after_switch(&self) -> &[Step] {
        self.switch_at().map_or(&[], |at| &self.steps[at + 1..])
    }
}

/// `releases`. `Plan::dir` is its `dir`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// Good ones that stay, the newest (`keep`, default 5).
    pub keep: usize,
    /// Paths that all of them share, relative, without `..`.
    pub shared: Vec<SharedPath>,
}

/// An element of `shared`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPath {
    /// Its place in each release, and below `shared/`.
    pub path: PathBuf,
    /// It was typed with a `/` at its end: a directory is made where there is none.
    pub is_directory: bool,
}

/// `when_newer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenNewer {
    /// Keep the newest, record the others as superseded (default).
    Supersede,
    /// Run them all.
    Keep,
    /// As `Supersede`, and a running job is stopped for a newer one.
    Replace,
    /// Run them all, side by side as far as there are workers: the jobs of the hook do not wait for each other.
    Parallel,
}

impl WhenNewer {
    /// Description of its effect on waiting jobs.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Supersede => "one job after the other; of several waiting for one ref the newest runs",
            Self::Keep => "one job after the other; all of them run",
            Self::Replace => "one job after the other; a newer one for the same ref stops the one that runs",
            Self::Parallel => "all jobs run, side by side as far as `workers` allow, in the same directory",
        }
    }
}

/// `on_interrupt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInterrupt {
    /// Try again (default), within `retry.attempts`.
    Retry,
    /// Wait for a person.
    Hold,
}

/// `retry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// Wait between attempts.
    pub backoff: Backoff,
    /// The failures that are worth another attempt.
    pub on: RetryOn,
}

/// `retry.on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// Those that pass by themselves (default): a step exited 75, another git held a lock, the network failed.
    Transient,
    /// All.
    Failure,
}

/// Wait before attempt n + 1: a random time up to `base · 2^(n-1)`, at most `cap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// First bound.
    pub base: Duration,
    /// Largest bound.
    pub cap: Duration,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Action.
    pub action: StepAction,
    /// Longest time (default: what the job has left).
    pub timeout: Option<Duration>,
    /// Longest time in which it prints nothing (default: the hook's).
    pub silence: Option<Duration>,
    /// Variables of its environment, over the hook's.
    pub env: Vec<Variable>,
    /// Its box, where it is not that of the hook.
    pub confining: Confining,
    /// Also after a failed step.
    pub always: bool,
    /// The last step of a job that makes its own runner stop: when that happens while it runs, it has done what it was
    /// for, and is left to itself.
    pub restarts_runner: bool,
}

/// `confine` of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Confining {
    /// It says nothing.
    #[default]
    AsHook,
    /// `false`.
    Free,
    /// A box of its own.
    In(Confine),
}

/// `confine`: the box that a step runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confine {
    /// Files and trees that it reads beside those of the system (`read`).
    pub read: Vec<BoxPath>,
    /// Those that it writes beside its own (`write`).
    pub write: Vec<BoxPath>,
    /// `true` if it may use the network (`network`).
    pub network: bool,
    /// `true` if it may connect to sockets of this host that are files (`local_sockets`).
    pub local_sockets: bool,
    /// `true` if it runs without a box where the kernel has none (`fallback = "run"`).
    pub runs_without: bool,
}

impl Default for Confine {
    /// `confine = true`.
    fn default() -> Self {
        Self { read: Vec::new(), write: Vec::new(), network: true, local_sockets: false, runs_without: false }
    }
}

/// An element of `read` or `write`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoxPath {
    /// An absolute path.
    At(PathBuf),
    /// `~/…`: below the home of the runner's user.
    InHome(PathBuf),
}

impl BoxPath {
    /// The path, for a user whose home is `home`.
    pub fn within(&self, home: &Path) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::InHome(path) => home.join(path),
        }
    }
}

impl fmt::Display for BoxPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(path) => path.display().fmt(f),
            Self::InHome(path) => write!(f, "~/{}", path.display()),
        }
    }
}

/// An entry of `env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// `[A-Za-z_][A-Za-z0-9_]*`, not one of hookspool's own.
    pub name: String,
    /// Its value.
    pub value: VariableValue,
}

/// Value of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableValue {
    /// As it is typed; nothing in it is expanded.
    Text(String),
    /// The content of a file or credential when a step begins.
    Secret(SecretSource),
}

/// Action of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepAction {
    /// `git = "update"`.
    Git(GitUpdate),
    /// `remove = "dist"`: a path below `dir`, relative, without `..`; gone afterwards, whatever it was.
    Remove(PathBuf),
    /// `publish = "dist", to = "/srv/www"`.
    Publish(Publish),
    /// `switch = "current"`: the release of this job becomes the one that is served.
    Switch,
    /// `run = ["program", "argument"]`: no shell; at least one element.
    Run(Vec<String>),
    /// `shell = "…"`: `/bin/sh -c`.
    Shell(String),
}

impl StepAction {
    /// The place that it publishes to.
    pub fn published_to(&self) -> Option<&Path> {
        match self {
            Self::Publish(publish) => Some(&publish.to),
            _ => None,
        }
    }
}

/// `publish = "dist", to = "/srv/www"`: a copy of a directory takes the place of another in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// A directory below `dir`, relative, without `..`.
    pub from: PathBuf,
    /// `to`, absolute, without `..`.
    pub to: PathBuf,
}

/// `git = "update"`: fetch, and move the work tree to the head of the pushed branch (or to the pushed tag).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GitUpdate {
    /// `from`: clone from here when `dir` holds no repository yet, and follow it when it changes.
    pub from: Option<String>,
    /// `remote` (default `origin`).
    pub remote: Option<String>,
    /// `in_the_way`.
    pub in_the_way: InTheWay,
    /// `forward_only`: stop at a commit that does not contain what is deployed.
    pub forward_only: bool,
    /// `depth`: only so many commits are fetched.
    pub depth: Option<u32>,
}

/// Fate of files that git does not track where a commit needs their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InTheWay {
    /// They stay, and the job fails with their names.
    #[default]
    Stop,
    /// They are moved below the git directory.
    MoveAside,
}
