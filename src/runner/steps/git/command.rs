//! Edge. Runs git: without prompts, without hooks, and with patience for another git's locks.

use super::guard;
use super::packs::clear_packs;
use super::reason::{Scene, trouble};
use super::trouble::{Cause, GitFailure, failure};
use super::update_note::UpdateNote;
use crate::model::without_credentials;
use crate::runner::steps::attempt::{Attempt, Bounds, Ran, Trouble, real};
use crate::runner::steps::environment::Environment;
use crate::runner::steps::identity::SSH;
use crate::runner::steps::lookup;
use crate::runner::steps::output::Sink;
use crate::runner::steps::record::StepResult;
use crate::system::holders::holder;
use crate::system::process::Program;
use crate::system::room::is_full;
use crate::system::wait::after;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Settings that hold whatever the repository or the user configured. `ext::` addresses run commands; hooks of the
/// work tree would run with the runner's rights before any step of the plan; maintenance is nothing that a job waits
/// for, and one that detaches itself would hold locks that the next job meets.
const SETTINGS: [&str; 11] = [
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.prune=false",
    "advice.detachedHead=false",
    "credential.interactive=false",
    "init.defaultBranch=main",
];
/// Variable by which paths are no patterns.
const LITERAL: &str = "GIT_LITERAL_PATHSPECS";
/// An end to a transfer that trickles.
const LOW_SPEED: [(&str, &str); 2] = [("GIT_HTTP_LOW_SPEED_LIMIT", "10"), ("GIT_HTTP_LOW_SPEED_TIME", "30")];
/// Git's words for one that it started and that was killed.
const DIED: &str = " died of signal ";
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
    /// A bare repository of which the work directory is a tree without `.git`.
    bare: Option<PathBuf>,
    environment: Environment,
    bounds: Bounds,
    address: String,
    /// Directories of the repositories' own files that are not in their work trees, by those.
    pub(super) dirs_elsewhere: HashMap<PathBuf, PathBuf>,
    /// The note of the update under way.
    update_note: Option<UpdateNote>,
    /// `true` once a command failed for want of space.
    pub(super) met_full_disk: bool,
    /// `true` if confined steps write to the repository.
    pub(super) is_guarded: bool,
    /// `true` once a command was ended.
    was_cut: bool,
}

/// The other side of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Talk {
    /// Nobody.
    Local,
    /// A remote: it may hang, and a failure may pass by itself.
    Remote,
}

impl<'a, 'b> Git<'a, 'b> {
    /// Git for the work directory of `attempt`, which must exist.
    pub(super) fn new(attempt: &'a mut Attempt<'b>, bounds: Bounds) -> Result<Self, Trouble> {
        let dir = real(&attempt.dir);
        let (plan, is_guarded) = (attempt.plan, guard::is_needed(attempt));
        let mut git = Self::at(attempt, dir, None, bounds)?;
        if is_guarded {
            git.is_guarded = true;
            guard::check(&mut git, guard::from_of(plan))?;
        }
        Ok(git)
    }

    /// Git for the bare repository `bare`, whose directory must exist.
    pub(super) fn of_bare(attempt: &'a mut Attempt<'b>, bare: &Path, bounds: Bounds) -> Result<Self, Trouble> {
        let dir = real(bare);
        Self::at(attempt, dir.clone(), Some(dir), bounds)
    }

    fn at(attempt: &'a mut Attempt<'b>, dir: PathBuf, bare: Option<PathBuf>, bounds: Bounds) -> Result<Self, Trouble> {
        let file = lookup::program("git", &dir, attempt.path()).map_err(Trouble::refused)?;
        let mut environment = attempt.environment.clone();
        environment.set("LC_ALL", "C");
        environment.set("GIT_TERMINAL_PROMPT", "0");
        // A path is a path, whatever characters it has.
        environment.set(LITERAL, "1");
        // A repository further up is somebody else's.
        environment.set("GIT_CEILING_DIRECTORIES", dir.parent().unwrap_or(Path::new("/")));
        let mut git = Self {
            attempt,
            file,
            top: dir.clone(),
            dir,
            bare,
            environment,
            bounds,
            address: String::new(),
            dirs_elsewhere: HashMap::new(),
            update_note: None,
            met_full_disk: false,
            is_guarded: false,
            was_cut: false,
        };
        let own = git.ask(&["config", "--get-regexp", r"^(core\.sshcommand|http\.lowspeed.*)$"])?.unwrap_or_default();
        if !own.contains("core.sshcommand ") && git.environment.get("GIT_SSH_COMMAND").is_none() {
            git.environment.set("GIT_SSH_COMMAND", SSH);
        }
        if !own.contains("http.lowspeed") {
            for (name, value) in LOW_SPEED {
                git.environment.set(name, value);
            }
        }
        Ok(git)
    }

    /// `true` if it works with a bare repository, wherever its trees are.
    pub(super) fn is_bare(&self) -> bool {
        self.bare.is_some()
    }

    /// The directory of the repository's own files, as hookspool makes it.
    pub(super) fn repository(&self) -> PathBuf {
        let bare = self.bare.clone().filter(|_| self.dir == self.top);
        bare.unwrap_or_else(|| self.dir.join(".git"))
    }

    /// Works in the tree `dir` of the bare repository from now on.
    pub(super) fn enter_tree(&mut self, dir: &Path) {
        self.top = real(dir);
        self.dir.clone_from(&self.top);
    }

    /// Notes in the repository that an update is under way, and removes what one left that was cut short.
    pub(super) fn begin_update(&mut self) -> Result<(), Trouble> {
        let note = UpdateNote::leave(&self.git_dir()?);
        if note.is_of_cut_one() {
            let left = note.left_behind(&[self.git_dir()?, self.common_dir()?]);
            let (held, free): (Vec<_>, Vec<_>) = left.iter().partition(|left| holder(left, &self.dir).is_some());
            for left in free {
                self.remove_left(left);
            }
            self.was_cut = !held.is_empty();
        }
        self.update_note = Some(note);
        Ok(())
    }

    /// Takes the note away, unless a command was ended and may have left something.
    pub(super) fn end_update(&mut self) {
        if let Some(note) = self.update_note.take().filter(|_| !self.was_cut) {
            note.take_away();
        }
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

    /// Works outside of any repository meanwhile.
    pub(super) fn outside<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let top = std::mem::replace(&mut self.top, PathBuf::from("/"));
        let done = self.working_in(PathBuf::from("/"), work);
        self.top = top;
        done
    }

    fn working_in<T>(&mut self, dir: PathBuf, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = (std::mem::replace(&mut self.dir, dir), self.address.clone());
        let done = work(self);
        (self.dir, self.address) = before;
        done
    }

    /// The work tree that it works in, relative to the work directory.
    pub(super) fn place(&self) -> PathBuf {
        self.dir.strip_prefix(&self.top).unwrap_or(Path::new("")).to_owned()
    }

    /// A name for what this attempt leaves behind.
    pub(super) fn attempt_name(&self) -> String {
        let part = |name| self.environment.get(name).unwrap_or_default().to_string_lossy();
        format!("{}-{}", part("HOOKSPOOL_JOB"), part("HOOKSPOOL_ATTEMPT"))
    }

    /// Looks at every tracked file, so that the index tells which of them changed.
    pub(super) fn refresh_index(&mut self) -> Result<(), Trouble> {
        match self.attempt(&["update-index", "-q", "--really-refresh"], Talk::Local)? {
            Err(failure) if failure.cause != Cause::Other => Err(self.explain(&failure)),
            Ok(()) | Err(_) => Ok(()), // it exits with 1 where files changed
        }
    }

    /// Takes paths for patterns meanwhile.
    pub(super) fn reading_patterns<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.environment.set(LITERAL, "0");
        let done = work(self);
        self.environment.set(LITERAL, "1");
        done
    }

    /// Runs a command that may fail.
    pub(super) fn attempt(
        &mut self,
        args: &[impl AsRef<OsStr>],
        talk: Talk,
    ) -> Result<Result<(), GitFailure>, Trouble> {
        let patience_until = after(self.attempt.control.lock_wait).min(self.bounds.until);
        let mut looks_without_holder = 0;
        let mut was_told = false;
        loop {
            // Of the tries that meet the lock again, the log has enough.
            let ran = self.call(args, talk, if was_told { Sink::Caller } else { Sink::Messages })?;
            if ran.status.success() {
                return Ok(Ok(()));
            }
            let failure = self.failure(&ran, talk);
            let Cause::Locked(lock) = &failure.cause else { return Ok(Err(failure)) };
            let lock = self.dir.join(lock);
            let holder = holder(&lock, &self.dir);
            if holder.is_none() && self.remove_own(&lock) {
                continue;
            }
            match holder {
                None if !lock.exists() => {}
                None if age(&lock) < self.attempt.control.lock_wait => {} // of another user's git, perhaps
                None => looks_without_holder += 1,
                Some(_) => looks_without_holder = 0,
            }
            if looks_without_holder >= STALE_LOOKS || Instant::now() >= patience_until {
                return Ok(Err(failure));
            }
            if !std::mem::replace(&mut was_told, true) {
                self.note(&format!("waiting for `{}`", lock.display()));
            }
            self.attempt.pause(after(LOCK_PAUSE), self.bounds.until)?;
        }
    }

    /// Removes `lock` if an update left it that was cut short; `true` if it is gone.
    fn remove_own(&mut self, lock: &Path) -> bool {
        let is_own = self.update_note.as_ref().is_some_and(|note| note.explains(lock));
        is_own && self.remove_left(lock)
    }

    /// Removes `left`, which an update left that was cut short; `true` if it is gone.
    fn remove_left(&mut self, left: &Path) -> bool {
        let is_gone = fs::remove_file(left).is_ok();
        if is_gone {
            self.note(&format!("removed `{}`, which an attempt left that was cut short", left.display()));
        }
        is_gone
    }

    /// Runs a command that must not fail.
    pub(super) fn run(&mut self, args: &[impl AsRef<OsStr>]) -> Result<(), Trouble> {
        self.attempt(args, Talk::Local)?.map_err(|failure| self.explain(&failure))
    }

    /// Runs a fetch that may fail. What one leaves that is cut short goes, then or before the next one.
    pub(super) fn fetch(&mut self, args: &[impl AsRef<OsStr>]) -> Result<Result<(), GitFailure>, Trouble> {
        let packs = self.common_dir()?.join("objects/pack");
        clear_packs(&packs);
        let done = self.attempt(args, Talk::Remote);
        if !matches!(done, Ok(Ok(()))) {
            clear_packs(&packs);
        }
        done
    }

    /// Runs a command that speaks with a remote and must not fail.
    pub(super) fn run_remote(&mut self, args: &[impl AsRef<OsStr>]) -> Result<(), Trouble> {
        self.attempt(args, Talk::Remote)?.map_err(|failure| self.explain(&failure))
    }

    /// Sets the address that is fetched from.
    pub(super) fn set_address(&mut self, address: &str) {
        self.address = without_credentials(address);
    }

    /// The address that is fetched from, without credentials.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The trouble that `failure` is.
    pub(super) fn explain(&self, failure: &GitFailure) -> Trouble {
        trouble(failure, Scene { dir: &self.dir, address: &self.address })
    }

    /// The failure of a command. Git does not always say that a file could not be written for want of space.
    pub(super) fn failure(&mut self, ran: &Ran, talk: Talk) -> GitFailure {
        let err = without_credentials(&String::from_utf8_lossy(&ran.err));
        let mut failure = failure(&err, talk == Talk::Remote);
        if matches!(failure.cause, Cause::Other | Cause::Network) && err.contains("unable to ") && is_full(&self.dir) {
            failure.cause = Cause::DiskFull;
        }
        self.met_full_disk |= failure.cause == Cause::DiskFull;
        failure
    }

    /// Runs git once.
    pub(super) fn call(&mut self, args: &[impl AsRef<OsStr>], talk: Talk, sink: Sink) -> Result<Ran, Trouble> {
        let mut words = vec![OsString::from("git")];
        for setting in SETTINGS {
            words.extend(["-c", setting].map(OsString::from));
        }
        words.extend(args.iter().map(OsString::from));
        let mut environment = self.environment.clone();
        if let Some(bare) = self.bare.as_ref().filter(|_| self.dir == self.top) {
            environment.set("GIT_DIR", bare);
            if *bare != self.top {
                environment.set("GIT_WORK_TREE", &self.top);
            }
        }
        if self.dir != self.top {
            // Addresses of submodules are the repository's word, not the configuration's.
            environment.set("GIT_PROTOCOL_FROM_USER", "0");
        }
        let env = environment.pairs();
        let program =
            Program { file: self.file.clone(), argv: words, dir: self.dir.clone(), env, umask: self.attempt.umask() };
        let stall = (talk == Talk::Remote && self.bounds.silence.is_none()).then_some(self.attempt.control.stall);
        let bounds = Bounds { silence: self.bounds.silence.or(stall), ..self.bounds };
        let ran = self.attempt.execute(&program, bounds, sink);
        self.was_cut |= ran.as_ref().map_or(true, was_killed);
        let ran = ran.map_err(|trouble| match (&trouble.result, stall) {
            (StepResult::Silent(_), Some(stall)) => self.stalled(stall),
            (StepResult::Silent(_), None) => Trouble { transient: talk == Talk::Remote, ..trouble },
            _ => trouble,
        })?;
        match ran.status.signal() {
            // No answer, neither yes nor no.
            Some(signal) => {
                Err(self
                    .explain(&GitFailure { cause: Cause::Shortage, line: format!("git was ended by signal {signal}") }))
            }
            None => Ok(ran),
        }
    }

    fn stalled(&self, stall: Duration) -> Trouble {
        Trouble::passing(format!("`{}` has sent nothing for {stall:?}; `silence` allows for more", self.address))
    }
}

/// `true` if git, or one that it started, was killed and may have left something.
fn was_killed(ran: &Ran) -> bool {
    ran.status.signal().is_some() || String::from_utf8_lossy(&ran.err).contains(DIED)
}

/// Time since `file` was made; none if it is gone.
fn age(file: &Path) -> Duration {
    let made = file.metadata().and_then(|found| found.modified());
    made.ok().and_then(|made| made.elapsed().ok()).unwrap_or_default()
}
