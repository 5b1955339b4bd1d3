//! Edge. strace around the real executable: its system calls as values, and a fault at any one of them.

use crate::support::campaign::tried;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A system call of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// Which call of that name it is, from 1.
    pub(crate) nth: usize,
    /// As strace prints them; descriptors with their paths, and `~` for the home.
    pub(crate) arguments: String,
    pub(crate) result: String,
}

impl Call {
    /// Whether a descriptor or an argument is `path`, or something below it. From the home: `spool/queued`.
    pub(crate) fn names(&self, path: &str) -> bool {
        let is_end = |rest: &str| rest.starts_with(['>', '"', '/']);
        let starts = [format!("<~/{path}"), format!("\"~/{path}")];
        let arguments = self.arguments.replace(r#"\""#, "");
        starts.iter().any(|start| arguments.split(start.as_str()).skip(1).any(is_end))
    }

    pub(crate) fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    pub(crate) fn failed(&self) -> bool {
        self.result.starts_with("-1 ")
    }
}

/// How strace is to be run.
#[derive(Debug, Clone)]
pub(crate) struct Strace {
    trace: PathBuf,
    options: Vec<String>,
}

impl Strace {
    /// Traces into `dir`.
    pub(crate) fn into(dir: &Path) -> Self {
        Self { trace: dir.join("trace"), options: Vec::new() }
    }

    /// Counts and shows only the calls that touch one of `paths`.
    pub(crate) fn only(mut self, paths: &[PathBuf]) -> Self {
        self.options.extend(paths.iter().flat_map(|p| ["-P".to_owned(), p.display().to_string()]));
        self
    }

    /// Follows threads and children, each in a trace of its own. What is injected is counted in each of them.
    pub(crate) fn follow_apart(mut self) -> Self {
        self.options.push("-ff".to_owned());
        self
    }

    /// Follows children.
    pub(crate) fn follow(mut self) -> Self {
        self.options.push("-f".to_owned());
        self
    }

    /// SIGKILL instead of the `nth` call named `name`.
    pub(crate) fn kill_at(self, name: &str, nth: usize) -> Self {
        self.inject(name, nth, "signal=KILL")
    }

    /// The error `errno` instead of the `nth` call named `name`.
    pub(crate) fn fail_at(self, name: &str, nth: usize, errno: &str) -> Self {
        self.inject(name, nth, &format!("error={errno}"))
    }

    /// A kernel without `calls`, in every thread and child; nothing else is traced.
    pub(crate) fn without(self, calls: &str) -> Self {
        self.answering(calls, "ENOSYS")
    }

    /// A kernel that answers `calls` with `errno`, in every thread and child; nothing else is traced.
    pub(crate) fn answering(mut self, calls: &str, errno: &str) -> Self {
        let options = ["-f", "--seccomp-bpf", "-e", &format!("trace={calls}"), "-e"].map(str::to_owned);
        self.options.extend(options);
        self.options.push(format!("inject={calls}:error={errno}"));
        self
    }

    /// A kernel that answers `call` with a number, without doing anything.
    pub(crate) fn returning(mut self, call: &str, number: u32) -> Self {
        self.options.extend(["-f".to_owned(), "-e".to_owned(), format!("inject={call}:retval={number}")]);
        self
    }

    pub(crate) fn inject(mut self, name: &str, nth: usize, what: &str) -> Self {
        self.options.extend(["-e".to_owned(), format!("inject={name}:{what}:when={nth}")]);
        self
    }

    /// `command` under strace, with its environment and directory.
    pub(crate) fn around(&self, command: &Command) -> Command {
        let mut traced = Command::new("strace");
        traced.args(["-y", "-qq", "-s", "32", "-o"]).arg(&self.trace).args(&self.options).arg("--");
        traced.arg(command.get_program()).args(command.get_args());
        traced.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        traced.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        tried(u64::from(self.options.iter().any(|option| option.starts_with("inject="))));
        traced
    }

    /// The calls of the last run.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.calls_in(&self.trace);
        assert!(!calls.is_empty(), "strace traced nothing; may this user trace processes?");
        calls
    }

    /// The calls of the last run, of each thread and process that made some, in the order of their making.
    pub(crate) fn calls_apart(&self) -> Vec<Vec<Call>> {
        let names = crate::spool::append::names(self.home());
        let ids = names.iter().filter_map(|name| name.strip_prefix("trace.")?.parse().ok());
        let mut ids: Vec<u32> = ids.collect();
        assert!(!ids.is_empty(), "strace traced nothing; may this user trace processes?");
        sort_by_making(&mut ids);
        ids.iter().map(|id| self.calls_in(&self.trace.with_extension(id.to_string()))).collect()
    }

    fn home(&self) -> &Path {
        self.trace.parent().expect("no directory")
    }

    fn calls_in(&self, trace: &Path) -> Vec<Call> {
        let mut calls: Vec<Call> = Vec::new();
        let text = fs::read_to_string(trace).expect("strace wrote no trace");
        for line in text.replace(&self.home().display().to_string(), "~").lines() {
            let Some((name, rest)) = line.split_once('(').filter(|(name, _)| is_name(name)) else { continue };
            let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, "?"));
            let nth = 1 + calls.iter().filter(|call| call.name == name).count();
            let arguments = arguments.trim_end();
            let arguments = arguments.strip_suffix(')').unwrap_or(arguments).to_owned();
            calls.push(Call { name: name.to_owned(), nth, arguments, result: result.to_owned() });
        }
        calls
    }
}

/// Ids are given in order, and from the lowest again after the highest: the first follows the widest gap.
fn sort_by_making(ids: &mut [u32]) {
    ids.sort_unstable();
    let gap = |at: usize| if at == 0 { 0 } else { ids[at] - ids[at - 1] };
    let after_gap = (0..ids.len()).max_by_key(|&at| gap(at)).unwrap_or(0);
    if gap(after_gap) > WRAPPED {
        ids.rotate_left(after_gap);
    }
}

/// More ids than others can take while one run makes its threads.
const WRAPPED: u32 = 10_000;

#[test]
fn threads_are_in_the_order_of_their_making_also_where_ids_began_again() {
    let sorted = |mut ids: Vec<u32>| {
        sort_by_making(&mut ids);
        ids
    };
    assert_eq!(sorted(vec![412, 409, 410]), [409, 410, 412]);
    assert_eq!(sorted(vec![302, 32_766, 301, 32_767]), [32_766, 32_767, 301, 302]);
    assert_eq!(sorted(vec![7]), [7]);
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command, stdin: Stdio) -> Output {
    let program = command.get_program().to_owned();
    match command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child.wait_with_output().expect("cannot wait for a child"),
        Err(error) => panic!("{}", why_not_started(&program, &error)),
    }
}

fn why_not_started(program: &OsStr, error: &std::io::Error) -> String {
    let hint = if program == "strace" { "; `tests/run` installs it and whatever else the tests start" } else { "" };
    format!("cannot start `{}`: {error}{hint}", program.display())
}

/// Whether SIGKILL ended it; strace ends itself as its child was ended.
pub(crate) fn was_killed(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt;
    output.status.signal() == Some(9)
}

#[test]
fn a_missing_strace_is_said_with_the_command_that_installs_it() {
    let error = Command::new("/nowhere/strace").spawn().expect_err("there is no such program");
    let text = why_not_started(OsStr::new("strace"), &error);
    assert!(text.starts_with("cannot start `strace`: ") && text.contains("; `tests/run` installs it"), "{text}");
}
