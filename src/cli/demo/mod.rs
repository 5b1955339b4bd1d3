//! Edge. `demo`: the whole way from a push to a deployed file, for real, in a temporary directory.

mod delivery;
mod stage;

use super::exit::{self, Failure};
use super::print;
use crate::system::errno::words;
use delivery::Delivery;
use stage::Stage;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Tells the story; exit 0 only if all of it held.
pub(super) fn run() -> Result<ExitCode, Failure> {
    let stage = Stage::build()?;
    say(&format!("a repository, a site and a configuration with a fresh secret in {}", stage.dir.display()));
    let push = stage.push("<h1>Deployed from a push</h1>\n")?;
    say(&format!("git push: main is now {}", &push.after[..10]));

    let genuine = Delivery::signed_with(&stage.secret, &push);
    say("the forge's signed delivery, answered by hookspool as a CGI program (its log line, its reply):");
    let reply = genuine.send_by_cgi(&stage)?;
    quote(&reply);
    let job =
        reply.strip_prefix("202 Accepted: queued ").ok_or_else(|| broken("the delivery was not queued"))?.to_owned();

    say("the same delivery signed by somebody else:");
    let reply = Delivery::signed_with(&stage::fresh_secret()?, &push).send_by_cgi(&stage)?;
    quote(&reply);
    require(reply.starts_with("403 "), "the forged delivery was not refused")?;

    say("hookspool spool-runner --once:");
    stage.drain()?;
    say("what the job printed (hookspool log):");
    quote(&stage.hookspool(&["log", &job])?);

    let deployed = std::fs::read(stage.site().join("public/index.html"))
        .map_err(|error| Failure::io("cannot read the deployed file", &error))?;
    require(deployed == push.content.as_bytes(), "the deployed file is not the pushed one")?;
    say(&format!("{} is the pushed file", stage.site().join("public/index.html").display()));
    farewell(&stage, &job);
    Ok(ExitCode::SUCCESS)
}

fn farewell(stage: &Stage, job: &str) {
    let program = stage.program.display();
    let config = stage.config();
    tell("");
    tell(&format!("Everything lies in {}:", stage.dir.display()));
    tell(&format!("  {}      the configuration", relative(stage, &config)));
    tell("  spool/done/         the job, its history beside it");
    tell("  spool/log/          what it printed, and the runner's own log");
    tell("  site/               the deployed work tree");
    tell("");
    tell("Try next:");
    tell(&format!("  {program} --config {} show {job}", config.display()));
}

fn relative(stage: &Stage, path: &Path) -> String {
    path.strip_prefix(&stage.dir).unwrap_or(path).display().to_string()
}

/// The story goes on when nobody listens any more: its end is the exit code.
fn tell(line: &str) {
    let _ = print::line(line);
}

fn say(text: &str) {
    tell(&format!("==> {text}"));
}

fn quote(text: &str) {
    for line in text.trim_end().lines() {
        tell(&format!("    {line}"));
    }
}

fn broken(why: &str) -> Failure {
    Failure::new(exit::NO, format!("the demonstration failed: {why}"))
}

fn require(held: bool, otherwise: &str) -> Result<(), Failure> {
    if held { Ok(()) } else { Err(broken(otherwise)) }
}

/// Runs `command`, and returns what it printed if it succeeded.
fn output_of(command: &mut Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| {
        Failure::new(exit::UNAVAILABLE, format!("cannot start `{program}`: {}; is it installed?", words(&error)))
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(broken(&format!("`{program}` ended with {}: {}", output.status, text.trim_end())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
