//! Edge. `demo`: the whole way from a push to a deployed file, for real, in a temporary directory.

mod commands;
mod narration;
mod sandbox;
mod signed_push;

use super::exit::Failure;
use commands::{broken, require};
use narration::{quote, say, tell};
use sandbox::Sandbox;
use signed_push::SignedPush;
use std::path::Path;
use std::process::ExitCode;

/// Plays the demonstration; exit 0 only if every part of it held.
pub(super) fn run() -> Result<ExitCode, Failure> {
    let sandbox = Sandbox::build()?;
    say(&format!("a repository, a site and a configuration with a fresh secret in {}", sandbox.dir.display()));
    let push = sandbox.push("<h1>Deployed from a push</h1>\n")?;
    say(&format!("git push: main is now {}", &push.after[..10]));

    let genuine = SignedPush::signed_with(&sandbox.secret, &push);
    say("the forge's signed delivery, answered by hookspool as a CGI program (its log line, its reply):");
    let reply = genuine.send_by_cgi(&sandbox)?;
    quote(&reply);
    let job =
        reply.strip_prefix("202 Accepted: queued ").ok_or_else(|| broken("the delivery was not queued"))?.to_owned();

    say("the same delivery signed by somebody else:");
    let reply = SignedPush::signed_with(&sandbox::fresh_secret()?, &push).send_by_cgi(&sandbox)?;
    quote(&reply);
    require(reply.starts_with("403 "), "the forged delivery was not refused")?;

    say("hookspool spool-runner --once:");
    sandbox.drain()?;
    say("what the job printed (hookspool log):");
    quote(&sandbox.hookspool(&["log", &job])?);

    let deployed = std::fs::read(sandbox.site().join("public/index.html"))
        .map_err(|error| Failure::io("cannot read the deployed file", &error))?;
    require(deployed == push.content.as_bytes(), "the deployed file is not the pushed one")?;
    say(&format!("{} is the pushed file", sandbox.site().join("public/index.html").display()));
    farewell(&sandbox, &job);
    Ok(ExitCode::SUCCESS)
}

fn farewell(sandbox: &Sandbox, job: &str) {
    let program = sandbox.program.display();
    let config = sandbox.config();
    tell("");
    tell(&format!("Everything lies in {}:", sandbox.dir.display()));
    tell(&format!("  {}      the configuration", relative(sandbox, &config)));
    tell("  spool/done/         the job, its history beside it");
    tell("  spool/log/          what it printed, and the runner's own log");
    tell("  site/               the deployed work tree");
    tell("");
    tell("Try next:");
    tell(&format!("  {program} --config {} show {job}", config.display()));
}

fn relative(sandbox: &Sandbox, path: &Path) -> String {
    path.strip_prefix(&sandbox.dir).unwrap_or(path).display().to_string()
}
