//! Pure. From the facts of a machine and what is wanted to a list of what is to be so, in order.

mod account;
mod deploy_key;
mod host;
mod service;
#[cfg(test)]
mod tests;
mod web;

use super::configuration;
use super::goal::{Goal, Run, SecretFile, TextFile, Url};
use super::machine::Machine;
use super::owner::Owner;
use super::wishes::{Way, Wishes};
use crate::config::checked;
use std::path::{Path, PathBuf};

/// The goals, and the subjects of the closing words.
#[derive(Debug, Clone)]
pub(super) struct HostPlan {
    pub(super) goals: Vec<Goal>,
    /// This program as services start it.
    pub(super) program: PathBuf,
    /// The user who runs the jobs.
    pub(super) runner: Owner,
    /// File of the hook's secret, if it is in one.
    pub(super) secret: Option<PathBuf>,
    /// Public half of the deploy key, if the repository is read by ssh.
    pub(super) public_key: Option<PathBuf>,
    /// The address of a test delivery.
    pub(super) url: Url,
    /// True if nobody but cron starts the runner.
    pub(super) is_by_cron: bool,
}

/// The plan, or the reason why there can be none.
pub(super) fn plan(machine: &Machine, wishes: &Wishes) -> Result<HostPlan, String> {
    refuse_odd_names(machine, wishes)?;
    match &wishes.way {
        Way::Host { server, keeper } => host::plan(machine, wishes, server, *keeper),
        Way::Account { scripts } => account::plan(machine, wishes, scripts),
    }
}

/// Providers whose secret is theirs to make.
const GIVEN: [&str; 5] = ["sourcehut", "pagure", "standard-webhooks", "stripe", "slack"];

/// Names go into files of servers and of a shell, each with its own rules for quoting: none is needed.
fn refuse_odd_names(machine: &Machine, wishes: &Wishes) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if wishes.name.is_empty() || wishes.name.starts_with('.') || !wishes.name.chars().all(is_plain) {
        return Err(format!("hook `{}`: a name has letters, digits, `.`, `_` and `-`", wishes.name));
    }
    let scripts = if let Way::Account { scripts } = &wishes.way { Some(scripts.clone()) } else { None };
    let odd = |path: &PathBuf| !path.to_string_lossy().chars().all(|c| is_plain(c) || "/+@~".contains(c));
    let places = [Some(machine.home.clone()), Some(machine.config.clone()), Some(wishes.dir.clone()), scripts];
    if let Some(path) = places.iter().flatten().find(|path| odd(path)) {
        return Err(format!("`{}` has characters that not every file of a server can hold", path.display()));
    }
    if !wishes.dir.is_absolute() {
        return Err(format!("`--dir {}`: write it in full, from `/` on", wishes.dir.display()));
    }
    if wishes.is_new && wishes.secret_file.is_none() && GIVEN.contains(&wishes.provider) {
        let why = format!("the secret of `{}` is given out by the service", wishes.provider);
        return Err(format!("{why}: save it in a file of your own, and name that with `--secret-file FILE`"));
    }
    Ok(())
}

/// The place of a fresh hook's secret; an existing hook has its own place, or none that is a file.
fn secret_file(machine: &Machine, wishes: &Wishes) -> Option<PathBuf> {
    if !wishes.is_new {
        return wishes.secret.clone();
    }
    Some(config_dir(machine).join("secrets").join(&wishes.name))
}

fn config_dir(machine: &Machine) -> PathBuf {
    machine.config.parent().unwrap_or(Path::new("/")).to_owned()
}

/// Secret and configuration, which belong to `owner`.
fn hook_goals(
    machine: &Machine,
    wishes: &Wishes,
    mode: u32,
    owner: &Owner,
    fresh: impl Fn(&str) -> String,
) -> Result<Vec<Goal>, String> {
    let Some(secret) = secret_file(machine, wishes) else { return Ok(Vec::new()) };
    let prefix = if wishes.provider == "azure-devops" { "hookspool:" } else { "" };
    let mut goals = vec![Goal::Secret(SecretFile {
        path: secret.clone(),
        mode,
        owner: owner.clone(),
        from: wishes.secret_file.clone(),
        prefix,
    })];
    let text = match &machine.existing {
        Some(existing) if !wishes.is_new => existing.text.clone(),
        Some(existing) => configuration::with_hook(&existing.text, &configuration::hook(wishes, &secret))?,
        None => fresh(&configuration::hook(wishes, &secret)),
    };
    // Before anything is made for a hook that no receiver and no runner would take.
    if wishes.is_new {
        checked(&text, machine.config.clone()).map_err(|report| report.to_string())?;
    }
    let replaces = machine.existing.as_ref().map(|existing| existing.text.clone());
    goals.push(Goal::File(TextFile { path: machine.config.clone(), mode, owner: owner.clone(), text, replaces }));
    Ok(goals)
}

/// The runner, once: it makes the spool, and runs what is there.
fn drain(program: &Path, config: &Path, user: Option<&str>) -> Run {
    let (program, config) = (program.to_string_lossy(), config.to_string_lossy());
    let run = Run::new(&[&program, "spool-runner", "--once", "--config", &config]);
    Run { user: user.map(str::to_owned), ..run }
}
