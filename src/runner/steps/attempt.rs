//! Edge. One attempt at a job: its environment, its processes, the time it has left.

use super::confine::{self, BoxTree, Walls, clear_scratch};
use super::control::Control;
use super::environment::Environment;
use super::facts::JobFacts;
use super::identity;
use super::interrupts::{Interrupts, Wake};
use super::lookup;
use super::output::{Output, Sink};
use super::record::{StepResult, TimeLimit};
use super::work_release::AttemptRelease;
use crate::config::{ClosedPaths, Plan, Step, Variable, VariableValue};
use crate::model::JobId;
use crate::runner::log::{JobLog, Source};
use crate::system::errno::{is_shortage, words};
use crate::system::process::{Child, Program, UMASK};
use crate::system::tree::{Survivors, Tree};
use crate::system::wait::{self, after};
use crate::system::{reap, users};
use rustix::fs::{Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// Most bytes that are read back of what the step printed that restarts the runner.
const PRINTED_LIMIT_BYTES: usize = 64 * 1024;

/// The reason why a step did not do what it was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// The result of the step.
    pub(super) result: StepResult,
    /// `true` if it may pass by itself.
    pub(super) transient: bool,
}

impl Trouble {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self { result: StepResult::Refused(reason.into()), transient: false }
    }

    pub(super) fn overtaken(reason: impl Into<String>) -> Self {
        Self { result: StepResult::Overtaken(reason.into()), transient: false }
    }

    /// The same trouble, in a part of the whole.
    pub(super) fn within(self, part: &str) -> Self {
        match self.result {
            StepResult::Refused(reason) => Self { result: StepResult::Refused(format!("{part}: {reason}")), ..self },
            _ => self,
        }
    }

    /// A call failed: tried again if it was for a shortage that passes by itself.
    pub(super) fn failed(error: &io::Error, reason: String) -> Self {
        Self { result: StepResult::Refused(reason), transient: is_shortage(error) }
    }

    /// One that passes by itself.
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self { result: StepResult::Refused(reason.into()), transient: true }
    }

    fn cut_short(wake: Wake, limit: TimeLimit) -> Option<Self> {
        let result = match wake {
            Wake::Ready => return None,
            Wake::TimedOut | Wake::Silent => StepResult::TimedOut(limit),
            Wake::Interrupted => StepResult::Interrupted,
            Wake::Cancelled => StepResult::Cancelled,
            Wake::Restarted => StepResult::Restarted,
        };
        Some(Self { result, transient: false })
    }
}

/// A program that ended by itself.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) status: ExitStatus,
    pub(super) out: Vec<u8>,
    pub(super) err: Vec<u8>,
}

/// Limits of a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Its deadline.
    pub(super) until: Instant,
    /// Longest time without output.
    pub(super) silence: Option<Duration>,
}

/// An attempt under way.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) plan: &'a Plan,
    pub(super) control: &'a Control<'a>,
    pub(super) log: &'a mut JobLog,
    pub(super) environment: Environment,
    /// Work directory of the steps.
    pub(super) dir: PathBuf,
    /// The job.
    pub(super) job: JobId,
    /// The release that it makes, or works in.
    pub(super) release: Option<AttemptRelease>,
    /// The deadline of the attempt.
    pub(super) deadline: Instant,
    /// The limit that the step under way would run into.
    limit: TimeLimit,
    pub(super) spool: &'a Path,
    /// Name of the hook.
    pub(super) hook: &'a str,
    /// Name of its provider.
    pub(super) provider: &'a str,
    /// The paths that confined steps never reach.
    pub(super) closed: &'a ClosedPaths,
    /// The box of the step under way, in words.
    pub(super) confined: Option<String>,
    /// `true` once it has a directory for TMPDIR.
    pub(super) has_scratch: bool,
    walls: Option<Walls>,
    boxes: u32,
    /// The log, for what it says of a step that failed.
    pub(super) log_file: &'a Path,
    log_dir: &'a Path,
    interrupts: Interrupts<'a>,
    tree: Tree,
}

impl<'a> Attempt<'a> {
    /// Gets ready: orphans come to this process from now on.
    pub(super) fn begin(
        plan: &'a Plan,
        facts: &'a JobFacts,
        log: &'a mut JobLog,
        control: &'a Control<'a>,
    ) -> io::Result<Self> {
        reap::adopt_orphans()?;
        let mut tree = Tree::of(&facts.job.to_string());
        if control.alone {
            tree.claim_orphans()?;
        }
        Ok(Self {
            plan,
            control,
            log,
            environment: Environment::of_job(std::env::vars_os(), users::current().as_ref(), facts),
            dir: plan.dir.clone(),
            job: facts.job,
            release: None,
            deadline: after(plan.timeout),
            limit: TimeLimit::Hook(plan.timeout),
            spool: &facts.spool,
            hook: &facts.meta.hook,
            provider: &facts.meta.provider,
            closed: &facts.closed,
            confined: None,
            has_scratch: false,
            walls: None,
            boxes: 0,
            log_file: &facts.log,
            log_dir: facts.log.parent().unwrap_or(Path::new("/")),
            interrupts: Interrupts::new(control),
            tree,
        })
    }

    /// Puts up the box of `step` around what runs from now on, or takes the one before away.
    pub(super) fn confine(&mut self, step: &Step) -> Result<(), Trouble> {
        self.walls = confine::raise(self, step)?;
        Ok(())
    }

    /// Takes the box away: what runs from now on is ours. What it was, in words.
    pub(super) fn leave_box(&mut self) -> Option<String> {
        self.walls = None;
        self.confined.take()
    }

    /// A number for a box of this attempt.
    pub(super) fn next_box(&mut self) -> u32 {
        self.boxes += 1;
        self.boxes
    }

    /// The deadline of a step that begins now.
    pub(super) fn until(&self, timeout: Option<Duration>) -> Instant {
        timeout.map_or(self.deadline, |timeout| after(timeout).min(self.deadline))
    }

    /// Adds variables to the environment; a secret is read now.
    pub(super) fn set_variables(&mut self, variables: &[Variable]) -> Result<(), Trouble> {
        for Variable { name, value } in variables {
            match value {
                VariableValue::Text(text) => self.environment.set(name, text),
                VariableValue::Secret(source) => {
                    let secret = source.read().map_err(|error| Trouble::refused(format!("`{name}`: {error}")))?;
                    self.environment.set(name, OsStr::from_bytes(secret.bytes()));
                }
            }
        }
        Ok(())
    }

    /// Lets git log in by the hook's own key, and by no other.
    pub(super) fn set_identity(&mut self) -> Result<(), Trouble> {
        let Some(key) = &self.plan.ssh_key else { return Ok(()) };
        self.environment.set("GIT_SSH_COMMAND", identity::ssh_command(key).map_err(Trouble::refused)?);
        Ok(())
    }

    /// Names the limit that `step`, which begins now, would run into.
    pub(super) fn set_limit(&mut self, step: &Step) {
        let own = step.timeout.filter(|timeout| after(*timeout) < self.deadline);
        self.limit = own.map_or(TimeLimit::Hook(self.plan.timeout), TimeLimit::Step);
    }

    /// The limits of a step that begins now.
    pub(super) fn bounds(&self, step: &Step) -> Bounds {
        Bounds { until: self.until(step.timeout), silence: step.silence.or(self.plan.silence) }
    }

    /// `true` if the attempt is over already: stopped, cancelled, or out of time.
    pub(super) fn check(&mut self) -> Result<(), Trouble> {
        self.pause(Instant::now(), self.deadline)
    }

    /// Refuses a `path` that leads into the spool, or to a directory that holds it: a step that cleans or replaces the
    /// one would take the other. The configuration is held to the same, but links may lead elsewhere than it says.
    pub(super) fn check_apart(&self, path: &Path) -> Result<(), Trouble> {
        let (path_there, spool) = (real(path), real(self.spool));
        if !path_there.starts_with(&spool) && !spool.starts_with(&path_there) {
            return Ok(());
        }
        let (path, spool) = (path.display(), self.spool.display());
        Err(Trouble::refused(format!("`{path}` and the spool `{spool}` lie in one another, through a link")))
    }

    /// Waits until `moment`, unless the attempt must end before that, or has until `until` only.
    pub(super) fn pause(&mut self, moment: Instant, until: Instant) -> Result<(), Trouble> {
        let wake = self.interrupts.watch(None, moment.min(until), &mut |fds, until| wait::ready(fds, until));
        match wake.map_err(|error| watch_failed(&error))? {
            Wake::Ready => Ok(()),
            Wake::TimedOut if moment <= until => Ok(()),
            wake => Trouble::cut_short(wake, self.limit).map_or(Ok(()), Err),
        }
    }

    /// Runs `argv` in the work directory for as long as `bounds` allow.
    pub(super) fn run(&mut self, argv: &[String], bounds: Bounds) -> Result<Ran, Trouble> {
        self.execute(&self.program(argv)?, bounds, Sink::Log)
    }

    /// Runs `argv`, which is to stop this runner. If that happens, the process is left to itself, and the trouble says
    /// so. Its output goes to a file that lives as long as anybody has it open: without a reader, a pipe would end the
    /// program that has yet to start the next runner.
    pub(super) fn run_to_restart(&mut self, argv: &[String], bounds: Bounds) -> Result<Ran, Trouble> {
        let program = self.program(argv)?;
        let dir = self.log_dir;
        let file = unnamed_file(dir)
            .map_err(|error| Trouble::failed(&error, format!("no file for its output: {}", words(&error))))?;
        self.interrupts.awaits_stop = true;
        let ran = self.execute_into(&program, Some(&file), bounds, Sink::Log);
        self.interrupts.awaits_stop = false;
        let mut printed = vec![0; PRINTED_LIMIT_BYTES];
        let length = file.read_at(&mut printed, 0).unwrap_or(0);
        self.log.print(Source::Out, &printed[..length]);
        self.log.end_lines();
        ran
    }

    fn program(&self, argv: &[String]) -> Result<Program, Trouble> {
        let dir = &self.dir;
        lookup::directory(dir).map_err(Trouble::refused)?;
        let name = argv.first().map_or("", String::as_str);
        let file = lookup::program(name, dir, self.path()).map_err(Trouble::refused)?;
        let argv = argv.iter().map(OsString::from).collect();
        Ok(Program { file, argv, dir: dir.clone(), env: self.environment.pairs(), umask: self.umask() })
    }

    /// Permissions that files of the steps do not have.
    pub(super) fn umask(&self) -> u32 {
        self.plan.umask.unwrap_or(UMASK)
    }

    /// The search path of the steps.
    pub(super) fn path(&self) -> &OsStr {
        self.environment.get("PATH").unwrap_or_default()
    }

    /// Runs `program`. Whatever it is that ends it early ends all processes of the job.
    pub(super) fn execute(&mut self, program: &Program, bounds: Bounds, sink: Sink) -> Result<Ran, Trouble> {
        self.execute_into(program, None, bounds, sink)
    }

    fn execute_into(
        &mut self,
        program: &Program,
        file: Option<&File>,
        bounds: Bounds,
        sink: Sink,
    ) -> Result<Ran, Trouble> {
        let start_failed = |error| {
            let reason = lookup::why_not_started(&program.file, &program.dir, &error);
            Trouble::failed(&error, reason)
        };
        let left_behind = self.walls.as_ref().map(|walls| BoxTree::of(walls, self.control.alone));
        let mut left_behind = left_behind.transpose().map_err(|error| watch_failed(&error))?;
        let started = match &self.walls {
            Some(walls) => Child::start_inside(&walls.enclosure, program),
            None => Child::start(program, file),
        };
        let mut child = started.map_err(start_failed)?;
        self.tree.add(child.pid());
        if let Some(tree) = &mut left_behind {
            tree.add(child.pid());
        }
        let mut output = Output::new(child.take_output(), sink, self.log);
        let watched = watch(&mut self.interrupts, &child, &mut output, bounds);
        let ended = match watched {
            Ok(Wake::Ready) => match &mut left_behind {
                Some(tree) => {
                    child.reap().map_err(|error| watch_failed(&error))?;
                    tree.end(self.control.kill_delay, &mut output)
                }
                None => None,
            },
            Ok(Wake::Restarted) => {
                child.leave();
                return Err(Trouble { result: StepResult::Restarted, transient: false });
            }
            _ => {
                Some(self.tree.end(self.control.kill_delay, &mut |fd, until| Ok(output.ready(&[fd], until)? == [true])))
            }
        };
        let is_drained = output.drain(after(self.control.drain)).unwrap_or(false);
        let [out, err] = output.close();
        self.tell(is_drained, ended.as_ref());
        let wake = watched.map_err(|error| watch_failed(&error))?;
        if let (Wake::Silent, Some(silence)) = (wake, bounds.silence) {
            return Err(Trouble { result: StepResult::Silent(silence), transient: false });
        }
        match Trouble::cut_short(wake, self.limit) {
            Some(trouble) => Err(trouble),
            None => Ok(Ran { status: child.reap().map_err(|error| watch_failed(&error))?, out, err }),
        }
    }

    fn tell(&mut self, is_drained: bool, ended: Option<&io::Result<Survivors>>) {
        match ended {
            None if !is_drained => self.log.note(
                "a background process keeps the output open; it is not read further, and writing to it fails: \
                 redirect it to a file",
            ),
            Some(Ok(Survivors { ended, left: 0 })) => self.log.note(&format!("ended {ended} processes")),
            Some(Ok(Survivors { ended, left })) => {
                self.log.note(&format!("ended {ended} processes; {left} are another user's or stuck, and go on"));
            }
            Some(Err(error)) => self.log.note(&format!("cannot look for the job's processes: {}", words(error))),
            None => {}
        }
    }

    /// Takes leave: reaps what is left of orphans.
    pub(super) fn end(self) {
        let cleared = if self.has_scratch { clear_scratch(self.spool, self.job) } else { Ok(()) };
        if let Err(error) = cleared {
            self.log.note(&format!("warning: {error}"));
        }
        if let Err(error) = reap::reap_orphans(self.control.alone) {
            self.log.note(&format!("cannot look for orphans: {}", words(&error)));
        }
    }
}

/// Waits for the end of `child`, and reads what it prints. Silence is measured from its beginning and from what it
/// printed last.
fn watch(interrupts: &mut Interrupts<'_>, child: &Child, output: &mut Output<'_>, bounds: Bounds) -> io::Result<Wake> {
    loop {
        let silent_at = |output: &Output<'_>| bounds.silence.and_then(|time| output.heard().checked_add(time));
        let until = silent_at(output).map_or(bounds.until, |silent| silent.min(bounds.until));
        let wake = interrupts.watch(Some(child.exited()), until, &mut |fds, until| output.ready(fds, until))?;
        match wake {
            Wake::TimedOut if Instant::now() < bounds.until => match silent_at(output) {
                Some(silent) if Instant::now() >= silent => return Ok(Wake::Silent),
                _ => {}
            },
            wake => return Ok(wake),
        }
    }
}

/// The record of a program's end.
pub(super) fn result_of(status: ExitStatus) -> StepResult {
    match (status.code(), status.signal()) {
        (Some(code), _) => StepResult::Exited(code),
        (None, signal) => StepResult::Signalled(signal.unwrap_or(0)),
    }
}

fn watch_failed(error: &io::Error) -> Trouble {
    Trouble::failed(error, format!("cannot watch a process: {}", words(error)))
}

/// A file that is gone when nobody has it open any more.
fn unnamed_file(dir: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::APPEND | OFlags::CLOEXEC;
    Ok(rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// The shell of `shell` steps.
pub(super) fn shell(script: &str) -> Vec<String> {
    ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
}

/// `dir` as it is reached without links, if it is.
pub(super) fn real(dir: &Path) -> std::path::PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
}
