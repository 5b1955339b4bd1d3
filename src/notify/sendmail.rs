//! Edge. Hands a mail to the host's `sendmail`, which queues it. Exit 75 (`EX_TEMPFAIL`) is "later".

use super::clean::line;
use super::parcel::Receipt;
use crate::model::exit_code::TRY_AGAIN;
use crate::system::errno::words;
use crate::system::process::{Child, Program};
use crate::system::wait::{after, ready};
use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Nothing that it may write is for others.
const UMASK: u32 = 0o077;
/// Longest time that it may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Directories beside those of `PATH` where it is looked for; services often run without `sbin`.
const PLACES: &str = "/usr/sbin:/usr/lib:/sbin";

/// Sends it.
pub(super) fn send(message: &str) -> Receipt {
    let Some(file) = find() else {
        return Receipt::refused(
            "there is no `sendmail`: install a mail server such as postfix, msmtp-mta or nullmailer",
        );
    };
    match run(file, message) {
        Err(error) => Receipt::unanswered(format!("cannot run `sendmail`: {}", words(&error))),
        Ok(Exit { status: Some(0), .. }) => Receipt::Sent,
        Ok(Exit { status, said }) => {
            let said = line(&said, 300);
            match status {
                None => Receipt::unanswered(format!("`sendmail` was killed, or took too long: {said}")),
                Some(code) if code == i32::from(TRY_AGAIN) => {
                    Receipt::later(None, format!("`sendmail` says to try again later (exit 75): {said}"))
                }
                Some(code) => Receipt::refused(format!("`sendmail` refused it (exit {code}): {said}")),
            }
        }
    }
}

fn find() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(env::split_paths(PLACES)).filter(|place| place.is_absolute());
    places.map(|place| place.join("sendmail")).find(|file| file.is_file())
}

/// The end of the program, and what it printed.
struct Exit {
    /// `None`: a signal ended it, ours if it took too long.
    status: Option<i32>,
    said: String,
}

fn run(file: PathBuf, message: &str) -> io::Result<Exit> {
    let mut input = scratch("hookspool-mail")?;
    input.write_all(message.as_bytes())?;
    input.rewind()?;
    let mut output = scratch("hookspool-mail-output")?;
    let program = Program {
        file,
        argv: ["sendmail", "-t", "-i"].map(OsString::from).to_vec(),
        dir: PathBuf::from("/"),
        env: env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME" || name == "LANG").collect(),
        umask: UMASK,
    };
    let mut child = Child::start_reading(&program, &input, &output)?;
    let has_ended = ready(&[child.exited()], after(TIMEOUT))? == [true];
    // Dropped alive, it is killed.
    let status = if has_ended { child.reap()?.code() } else { None };
    output.rewind()?;
    let mut said = Vec::new();
    output.take(4096).read_to_end(&mut said)?;
    Ok(Exit { status, said: String::from_utf8_lossy(&said).into_owned() })
}

/// A file in memory, without a name.
fn scratch(name: &str) -> io::Result<File> {
    Ok(rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::CLOEXEC)?.into())
}
