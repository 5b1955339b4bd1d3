//! Edge. `check`: all problems of the configuration at once.

use super::exit::{self, Failure};
use super::print;
use super::trust::{described, secret_files, weakness_of};
use crate::config::{self, Config, LoadError};
use jiff::Timestamp;
use std::path::Path;
use std::process::ExitCode;

/// Prints what is wrong, or what the hooks are. Exit 78 when something is wrong.
pub(super) fn run(file: Option<&Path>, json: bool) -> Result<ExitCode, Failure> {
    let file = config::find(file).map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    match config::load(&file) {
        Ok(config) => right(&config, json),
        Err(LoadError::Wrong(report)) if json => {
            print::json(&serde_json::json!({ "ok": false, "file": file, "problems": report.problems }))?;
            Ok(ExitCode::from(exit::CONFIGURATION))
        }
        Err(error) => Err(Failure::new(exit::CONFIGURATION, error)),
    }
}

fn right(config: &Config, json: bool) -> Result<ExitCode, Failure> {
    let (unreadable, replaceable) = (useless_secrets(config), replaceable_files(config));
    let is_ok = unreadable.is_empty() && replaceable.is_empty();
    if json {
        let hooks: Vec<_> = config
            .hooks
            .iter()
            .map(|h| {
                let (provider, check) = (h.provider.name(), h.provider.strength().word());
                serde_json::json!({ "name": h.name, "provider": provider, "check": check, "queue": h.plan.queue })
            })
            .collect();
        let (file, spool) = (&config.file, &config.spool);
        let secrets = unreadable;
        print::json(&serde_json::json!({
            "ok": is_ok, "file": file, "spool": spool, "hooks": hooks, "secrets": secrets, "replaceable": replaceable,
        }))?;
    } else {
        print::line(&format!("{}: no problems", config.file.display()))?;
        print::line(&format!("spool {}", config.spool.display()))?;
        for hook in &config.hooks {
            let (steps, dir) = (print::count(hook.plan.steps.len(), "step"), hook.plan.dir.display());
            print::line(&format!("hook {} ({}), {steps} in {dir}", hook.name, hook.provider.name()))?;
            print::line(&format!("  check: {}", hook.provider.strength()))?;
            print::line(&format!("  queue {}: {}", hook.plan.queue, hook.plan.when_newer.meaning()))?;
        }
        for problem in unreadable.iter().chain(&replaceable) {
            print::line(&format!("warning: {problem}"))?;
        }
    }
    Ok(ExitCode::from(if is_ok { 0 } else { exit::NO }))
}

/// Warnings of files that others may replace: they choose what runs, or who may start it.
fn replaceable_files(config: &Config) -> Vec<String> {
    let files = [config.file.clone()].into_iter().chain(secret_files(config));
    let weak = files.filter_map(|file| weakness_of(&file, &config.spool).map(|weakness| (file, described(&weakness))));
    weak.map(|(file, (what, repair))| format!("{} can be replaced: {what}; `{repair}`", file.display())).collect()
}

/// Secrets that cannot be read, have expired or are no keys. They are the receiver's to read; whoever checks may lack the permission, and then says so.
fn useless_secrets(config: &Config) -> Vec<String> {
    let now = Timestamp::now();
    let secrets = config.hooks.iter().flat_map(|hook| hook.secrets.iter().map(move |secret| (hook, secret)));
    secrets
        .filter_map(|(hook, secret)| {
            let problem = match secret.source.read() {
                Err(error) => error.to_string(),
                Ok(_) if !secret.counts_at(now) => format!("{} has expired; take it out", secret.source.source_name()),
                Ok(key) => {
                    let denied = hook.provider.check_key(&key).err()?;
                    format!("{} can verify nothing: {denied}", secret.source.source_name())
                }
            };
            Some(format!("secret of hook `{}`: {problem}", hook.name))
        })
        .collect()
}
