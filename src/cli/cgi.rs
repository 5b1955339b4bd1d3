//! Edge. CGI: one request, one reply.

use super::exit::Failure;
use super::load::load;
use super::logging;
use crate::gateway::{Limits, cgi};
use crate::intake::{Confinement, Intake, Stay};
use crate::model::{Refusal, Status};
use crate::system::stop::{Hangup, Stop};
use crate::system::stoppable::Stoppable;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;

/// One request from a web server. Always answers, always exits 0: the status is in the reply.
pub(super) fn run() -> ExitCode {
    logging::to_stderr_at_once();
    // Opened before the sandbox keeps it out of reach.
    let nothing = File::options().write(true).open("/dev/null").ok();
    let reply = |bytes: &[u8]| reply(bytes, nothing);
    match std::io::stdin().as_fd().try_clone_to_owned() {
        Ok(input) => cgi::run(stoppable(File::from(input)), &Limits::default(), intake, reply),
        // Without a descriptor left there is no body to be had.
        Err(error) => reply(&not_configured(&Failure::io("cannot read the body", &error)).reply.to_bytes()),
    }
    ExitCode::SUCCESS
}

/// The configuration, and the sandbox that it asks for: nothing of the request has been looked at yet.
fn intake() -> Result<Intake, Refusal> {
    let config = load(None).map_err(|failure| not_configured(&failure))?;
    let confined = Confinement::enter(&config, Stay::OneRequest);
    let confinement = confined.map_err(|error| not_configured(&Failure::unconfined(&error)))?;
    Ok(Intake::new(config, confinement))
}

/// The body, until the web server asks us to stop, as `mod_cgid` does with SIGTERM when the sender is gone. What was
/// received until then must not stay in `tmp/`. Requests to reload mean others.
fn stoppable(input: File) -> Stoppable<File> {
    let _not_ended_by_them = Hangup::install();
    Stoppable::new(input, Stop::install().ok())
}

/// Writes the reply at once and ends the output, so that it is there however long the rest of a body takes.
fn reply(bytes: &[u8], nothing: Option<File>) {
    let mut output = std::io::stdout().lock();
    // A server that has gone away leaves nothing to be done: the job, if any, is on disk.
    let _ = output.write_all(bytes).and_then(|()| output.flush());
    if let Some(nothing) = nothing {
        let _still_ends_with_the_process = rustix::stdio::dup2_stdout(nothing);
    }
}

fn not_configured(failure: &Failure) -> Refusal {
    tracing::error!(event = "refused", status = 500, reason = failure.text);
    Refusal::new(Status::InternalError, "not configured", failure.text.as_str())
}
