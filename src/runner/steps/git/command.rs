//! Edge. Runs git: without prompts, without hooks, and with patience for another git's locks.

use super::changes::{Change, parse_changes, path_of};
use super::trouble::{Cause, cause, quote};
use crate::model::without_credentials;
use crate::runner::log::Source;
use crate::runner::steps::attempt::{Attempt, Bounds, Ran, Trouble, real};
use crate::runner::steps::environment::Environment;
use crate::runner::steps::lookup;
use crate::runner::steps::output::{CALLER_LIMIT_BYTES, Sink};
use crate::runner::steps::record::StepResult;
use crate::system::holders::holder;
use crate::system::process::Program;
use crate::system::users;
use crate::system::wait::after;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Settings that hold whatever the repository or the user configured. `ext::` addresses run commands; hooks of the
/// work tree would run with the runner's rights before any step of the plan; a maintenance that detaches itself would
/// hold locks that the next job meets.
const SETTINGS: [&str; 8] = [
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    "advice.detachedHead=false",
    "credential.interactive=false",
    "init.defaultBranch=main",
];
/// Between two tries while a lock is held.
const LOCK_PAUSE: Duration = Duration::from_millis(200);
/// Looks that find no live holder before a lock counts as left behind.
const STALE_LOOKS: usize = 3;

/// Git, in one work tree, within the time of one step.
#[derive(Debug)]
pub(super) struct Git<'a, 'b> {
    attempt: &'a mut Attempt<'b>,
    file: PathBuf,
    /// The work directory of the job, without links on the way.
    top: PathBuf,
    /// The work tree that it works in: the work directory, or a submodule below it.
    pub(super) dir: PathBuf,
    environment: Environment,
    until: Instant,
}

impl<'a, 'b> Git<'a, 'b> {
    /// Git for the work directory of `attempt`, which must exist.
    pub(super) fn new(attempt: &'a mut Attempt<'b>, until: Instant) -> Result<Self, Trouble> {
        let dir = real(&attempt.plan.dir);
        let file = lookup::program("git", &dir, attempt.path()).map_err(Trouble::refused)?;
        let mut environment = attempt.environment.clone();
        environment.set("LC_ALL", "C");
        environment.set("GIT_TERMINAL_PROMPT", "0");
        // A path is a path, whatever characters it has.
        environment.set("GIT_LITERAL_PATHSPECS", "1");
        // A repository further up is somebody else's.
        environment.set("GIT_CEILING_DIRECTORIES", dir.parent().unwrap_or(Path::new("/")));
        let mut git = Self { attempt, file, top: dir.clone(), dir, environment, until };
        if git.ask(&["config", "--get", "core.sshCommand"])?.is_none() {
            git.environment.set("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        Ok(git)
    }

    /// A line in the job's log.
    pub(super) fn note(&mut self, text: &str) {
        self.attempt.log.note(&without_credentials(text));
    }

    /// Works in the submodule at `path` meanwhile.
    pub(super) fn within<T>(&mut self, path: &Path, work: impl FnOnce(&mut Self) -> T) -> T {
        let dir = self.dir.join(path);
        self.working_in(dir, work)
    }

    /// Works in the work directory itself meanwhile.
    pub(super) fn at_top<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.working_in(self.top.clone(), work)
    }

    fn working_in<T>(&mut self, dir: PathBuf, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.dir, dir);
        let done = work(self);
        self.dir = before;
        done
    }

    /// The work tree that it works in, relative to the work directory.
    pub(super) fn place(&self) -> PathBuf {
        self.dir.strip_prefix(&self.top).unwrap_or(Path::new("")).to_owned()
    }

    /// The directory of the repository's own files, as of this work tree.
    pub(super) fn git_dir(&mut self) -> Result<PathBuf, Trouble> {
        self.own_dir("--git-dir")
    }

    /// The directory of the repository's own files that all its work trees share.
    pub(super) fn common_dir(&mut self) -> Result<PathBuf, Trouble> {
        self.own_dir("--git-common-dir")
    }

    fn own_dir(&mut self, which: &str) -> Result<PathBuf, Trouble> {
        let said = self.call(&["rev-parse", which])?;
        if !said.status.success() {
            let err = String::from_utf8_lossy(&said.err);
            return Err(self.explain(&cause(&err), &err));
        }
        Ok(self.dir.join(path_of(said.out.trim_ascii_end())))
    }

    /// A name for what this attempt leaves behind.
    pub(super) fn attempt_name(&self) -> String {
        let part = |name| self.environment.get(name).unwrap_or_default().to_string_lossy();
        format!("{}-{}", part("HOOKSPOOL_JOB"), part("HOOKSPOOL_ATTEMPT"))
    }

    /// Looks at every tracked file, so that the index tells which of them changed.
    pub(super) fn refresh_index(&mut self) -> Result<(), Trouble> {
        match self.attempt(&["update-index", "-q", "--really-refresh"])? {
            Err((cause @ Cause::Locked(_), err)) => Err(self.explain(&cause, &err)),
            Ok(()) | Err(_) => Ok(()), // it exits with 1 where files changed
        }
    }

    /// `true` if `commit` is here.
    pub(super) fn has_commit(&mut self, commit: &str) -> Result<bool, Trouble> {
        Ok(self.ask(&["cat-file", "-e", &format!("{commit}^{{commit}}")])?.is_some())
    }

    /// The changes that a command tells of.
    pub(super) fn changes(&mut self, command: &[&str]) -> Result<Vec<Change>, Trouble> {
        const FORM: [&str; 5] = ["--raw", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=dirty"];
        let (name, rest) = command.split_first().unwrap_or((&"", &[]));
        Ok(parse_changes(&self.read(&[&[*name][..], &FORM, rest].concat())?))
    }

    /// What a question to git is answered, in parts that end in NUL.
    pub(super) fn list(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Vec<Vec<u8>>, Trouble> {
        let answer = self.read(args)?;
        Ok(answer.split(|&b| b == 0).filter(|part| !part.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// The whole answer to a question that git must know the answer of.
    fn read(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Vec<u8>, Trouble> {
        let ran = self.call(args)?;
        let err = without_credentials(&String::from_utf8_lossy(&ran.err));
        if !ran.status.success() {
            self.log_messages(&err);
            return Err(self.explain(&cause(&err), &err));
        }
        if ran.out.len() >= CALLER_LIMIT_BYTES {
            return Err(Trouble::refused("the repository has more files than can be looked at"));
        }
        Ok(ran.out)
    }

    /// What a question to git is answered, without the line end; `None` when it exits with anything but 0.
    pub(super) fn ask(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Option<String>, Trouble> {
        let ran = self.call(args)?;
        let answer = String::from_utf8_lossy(&ran.out).trim_end_matches('\n').to_owned();
        Ok(ran.status.success().then_some(answer))
    }

    /// Runs a command that may fail; the cause of its failure and what it printed.
    pub(super) fn attempt(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Result<(), (Cause, String)>, Trouble> {
        let patience_until = after(self.attempt.control.lock_wait).min(self.until);
        let mut looks_without_holder = 0;
        let mut was_told = false;
        loop {
            let ran = self.call(args)?;
            let err = without_credentials(&String::from_utf8_lossy(&ran.err));
            self.log_messages(&err);
            if ran.status.success() {
                return Ok(Ok(()));
            }
            let Cause::Locked(lock) = cause(&err) else { return Ok(Err((cause(&err), err))) };
            match holder(&lock, &self.dir) {
                None if !lock.exists() => {}
                None => looks_without_holder += 1,
                Some(_) => looks_without_holder = 0,
            }
            if looks_without_holder >= STALE_LOOKS || Instant::now() >= patience_until {
                return Ok(Err((Cause::Locked(lock), err)));
            }
            if !std::mem::replace(&mut was_told, true) {
                self.note(&format!("waiting for `{}`", lock.display()));
            }
            self.attempt.pause(after(LOCK_PAUSE), self.until)?;
        }
    }

    /// Runs a command that must not fail.
    pub(super) fn run(&mut self, args: &[impl AsRef<OsStr>]) -> Result<(), Trouble> {
        self.attempt(args)?.map_err(|(cause, err)| self.explain(&cause, &err))
    }

    /// The trouble that `cause` is, with the next step for a person.
    pub(super) fn explain(&self, cause: &Cause, err: &str) -> Trouble {
        let dir = self.dir.display();
        let (reason, transient) = match cause {
            Cause::Locked(lock) => self.explain_lock(lock),
            Cause::Network => (format!("the remote could not be reached: {}", quote(err)), true),
            Cause::Ownership(repository) => (explain_ownership(repository), false),
            Cause::NoRepository => {
                (format!("`{dir}` holds no git repository; with `from`, an empty directory is cloned into"), false)
            }
            Cause::HostKey => {
                let me = users::name_of(rustix::process::geteuid().as_raw());
                (format!("ssh does not know the remote's host key; connect to it once by hand as `{me}`"), false)
            }
            Cause::Vanished | Cause::NameInTheWay | Cause::Other => (quote(err), false),
        };
        Trouble { result: StepResult::Refused(reason), transient }
    }

    fn explain_lock(&self, lock: &Path) -> (String, bool) {
        let path = lock.display();
        match holder(lock, &self.dir) {
            Some(pid) => (format!("`{path}` is held by another git (process {pid})"), true),
            None if !lock.exists() => (format!("`{path}` was held by another git"), true),
            None => (format!("`{path}` was left behind by a git that is gone; remove it if no git works there"), false),
        }
    }

    fn call(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Ran, Trouble> {
        let mut words = vec![OsString::from("git")];
        for setting in SETTINGS {
            words.extend(["-c", setting].map(OsString::from));
        }
        words.extend(args.iter().map(OsString::from));
        let mut environment = self.environment.clone();
        if self.dir != self.top {
            // Addresses of submodules are the repository's word, not the configuration's.
            environment.set("GIT_PROTOCOL_FROM_USER", "0");
        }
        let env = environment.pairs();
        let program = Program { file: self.file.clone(), argv: words, dir: self.dir.clone(), env };
        self.attempt.execute(&program, Bounds { until: self.until, silence: None }, Sink::Caller)
    }

    /// What is printed to standard output is an answer to be used, not to be read by people.
    fn log_messages(&mut self, err: &str) {
        self.attempt.log.print(Source::Err, err.as_bytes());
        self.attempt.log.end_lines();
    }
}

/// Of the work tree, or of a remote on this machine.
fn explain_ownership(repository: &Path) -> String {
    let path = repository.display();
    let owner = repository.metadata().map_or_else(|_| "another user".to_owned(), |m| users::name_of(m.uid()));
    let me = users::name_of(rustix::process::geteuid().as_raw());
    format!(
        "`{path}` belongs to `{owner}`, and the runner is `{me}`; give it to `{me}`, or as `{me}` run \
         `git config --global --add safe.directory {path}`"
    )
}
