//! Edge. A program's output, within a time.

use super::exit_watch;
use super::wait::{after, ready};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Most bytes of each output that are kept.
const LIMIT_BYTES: u64 = 64 * 1024;

/// A program's output and end.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its exit status; `None`: it did not end in its time, and was killed.
    pub status: Option<ExitStatus>,
    /// The beginning of standard output.
    pub out: String,
    /// The beginning of standard error.
    pub err: String,
}

impl Said {
    /// True if it ended well.
    pub fn is_good(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

/// Runs `command` with nothing to read, in a process group that is killed when the time is up.
pub fn run(mut command: Command, time: Duration) -> io::Result<Said> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let pid = Pid::from_child(&child);
    let exit = exit_watch::of_child(pid)?;
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    let has_ended = ready(&[exit.as_fd()], after(time))? == [true];
    // What it left behind would keep the outputs open.
    let _may_be_gone = kill_process_group(pid, Signal::KILL);
    let status = child.wait()?;
    let text = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
    Ok(Said { status: has_ended.then_some(status), out: text(out), err: text(err) })
}

fn read(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut from) = from {
            // What was read until an error is what there is.
            let _ = from.by_ref().take(LIMIT_BYTES).read_to_end(&mut bytes);
            let _ = io::copy(&mut from, &mut io::sink());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, time: Duration) -> Said {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(command, time).unwrap()
    }

    #[test]
    fn what_a_program_says_is_kept_and_what_hangs_is_ended() {
        let said = sh("echo a; echo b >&2; exit 3", Duration::from_secs(60));
        assert_eq!((said.status.and_then(|s| s.code()), said.out.as_str(), said.err.as_str()), (Some(3), "a\n", "b\n"));
        let said = sh("echo a; exec sleep 1000", Duration::from_millis(100));
        assert_eq!((said.status, said.is_good()), (None, false));
        let said = sh("head -c 1000000 /dev/zero; echo done >&2", Duration::from_secs(60));
        assert_eq!((said.out.len() as u64, said.err.as_str()), (LIMIT_BYTES, "done\n"));
    }
}
