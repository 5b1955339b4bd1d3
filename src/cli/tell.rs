//! Edge. `tell`: a sample for a target of messages, and what became of it.

use super::args::TellArgs;
use super::exit::{self, Failure};
use super::load::load;
use super::print;
use crate::config::{Config, NotifyTarget};
use crate::notify::{LaterCause, Receipt};
use crate::runner::tell_sample;
use std::path::Path;
use std::process::ExitCode;

/// Sends it. Exit 0 when the service took it, 1 when it refused, 69 when nothing answered, 75 when it takes nothing
/// now, 78 when the configuration or a secret is wrong.
pub(super) fn run(config: Option<&Path>, args: &TellArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let target = config.target(&args.target).ok_or_else(|| no_such_target(&config, &args.target))?;
    let told = tell_sample(target);
    let (code, result, why) = match told {
        Ok(Receipt::Sent) => (0, "sent", None),
        Ok(Receipt::Refused { why }) => (exit::NO, "refused", Some(why)),
        Ok(Receipt::Later { why, cause: LaterCause::Silence, .. }) => (exit::UNAVAILABLE, "unanswered", Some(why)),
        Ok(Receipt::Later { why, .. }) => (exit::TRY_AGAIN, "later", Some(why)),
        Err(error) => (exit::CONFIGURATION, "unsendable", Some(error.to_string())),
    };
    if args.json {
        let kind = target.messenger.name();
        print::json(&serde_json::json!({ "target": target.name, "kind": kind, "result": result, "why": why }))?;
        return Ok(ExitCode::from(code));
    }
    match why {
        None => print::line(&format!("sent to {}", described(target))).map(|()| ExitCode::SUCCESS),
        Some(why) => Err(Failure::new(code, format!("{} to {}: {why}", in_words(result), described(target)))),
    }
}

fn in_words(result: &str) -> &'static str {
    match result {
        "refused" => "the service refused the message",
        "unanswered" => "nothing answered the message",
        "later" => "the service does not take the message now; try again later",
        _ => "no message can be sent",
    }
}

fn described(target: &NotifyTarget) -> String {
    format!("`{}` ({})", target.name, target.messenger.name())
}

fn no_such_target(config: &Config, name: &str) -> Failure {
    let names: Vec<&str> = config.notify.iter().map(|target| target.name.as_str()).collect();
    let there_are = match names.as_slice() {
        [] => "the configuration has no `[[notify]]`".to_owned(),
        names => format!("there are: {}", names.join(", ")),
    };
    Failure::new(exit::NO, format!("no target `{name}`; {there_are}"))
}
