//! Edge. Other programs: found, asked, and run.

use super::goal::Run;
use crate::system::bounded::{self, Said};
use crate::system::{users, wait};
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Directories of the system's programs.
const PATH: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// Longest time for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Most of an output that is kept, in bytes.
const LIMIT_BYTES: u64 = 64 * 1024;

/// The file of a program, by name or path.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let places = PATH.iter().map(|dir| PathBuf::from(dir).join(name));
    places.into_iter().find(|file| file.is_file())
}

/// A program's answer to a question; `None` when it cannot be started.
pub(super) fn ask(run: &Run) -> Option<Said> {
    bounded::run(command(run)?, ANSWER_TIMEOUT).ok()
}

/// True if a program says yes.
pub(super) fn agrees(run: &Run) -> bool {
    ask(run).is_some_and(|said| said.is_good())
}

/// A program's end, and both of its outputs.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    pub(super) text: String,
}

/// Runs a program to its end. What it leaves behind goes on: it may be a daemon.
pub(super) fn run(run: &Run) -> io::Result<Ended> {
    let mut output = File::from(memfd_create("output", MemfdFlags::CLOEXEC)?);
    let unknown = || io::Error::new(io::ErrorKind::NotFound, "no such user");
    let mut command = command(run).ok_or_else(unknown)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
    let status = command.status()?;
    let mut bytes = Vec::new();
    output.rewind()?;
    output.take(LIMIT_BYTES).read_to_end(&mut bytes)?;
    Ok(Ended { status, text: String::from_utf8_lossy(&bytes).trim().to_owned() })
}

/// As its user, with nothing in the environment that a service would not have.
fn command(run: &Run) -> Option<Command> {
    let (program, arguments) = run.argv.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir("/").env_clear().env("PATH", PATH.join(":")).env("LC_ALL", "C");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=10");
    let user = match &run.user {
        Some(name) => {
            let user = users::named(name)?;
            command.uid(user.uid).gid(user.gid);
            Some(user)
        }
        None => users::current(),
    };
    if let Some(user) = user {
        command.env("HOME", user.home).env("USER", &user.name).env("LOGNAME", &user.name);
    }
    Some(command)
}

/// Looks again and again until `fact` gives something, or the time is up.
pub(super) fn until<T>(time: Duration, mut fact: impl FnMut() -> Option<T>) -> Option<T> {
    const LOOK: Duration = Duration::from_millis(100);
    let deadline = Instant::now() + time;
    loop {
        if let Some(found) = fact() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        let _no_descriptor = wait::ready(&[], wait::after(LOOK));
    }
}
