//! Pure. An account of a shared host: a CGI script that runs as the account, and cron.

use super::{HostPlan, deploy_key, drain, hook_goals, secret_file};
use crate::cli::init::configuration;
use crate::cli::init::goal::{Answers, Directory, Goal, TextFile, Url};
use crate::cli::init::machine::Machine;
use crate::cli::init::shipped;
use crate::cli::init::wishes::Wishes;
use std::path::{Path, PathBuf};

/// The plan of an account, whose scripts stand in `scripts`.
pub(super) fn plan(machine: &Machine, wishes: &Wishes, scripts: &Path) -> Result<HostPlan, String> {
    let (me, home) = (&machine.me, &machine.home);
    let program = home.join("bin/hookspool");
    let default_spool = home.join(".local/state/hookspool/spool");
    let spool = machine.existing.as_ref().map_or_else(|| default_spool.clone(), |existing| existing.spool.clone());
    let mut goals = directories(machine, wishes, scripts);
    if program != machine.executable {
        goals.push(Goal::Program { from: machine.executable.clone(), to: program.clone() });
    }
    let fresh = |hook: &str| configuration::fresh(&default_spool, None, hook);
    goals.extend(hook_goals(machine, wishes, 0o600, me, fresh)?);
    let (key_goals, public_key) = deploy_key::goals(machine, wishes, me, home);
    goals.extend(key_goals);
    goals.push(Goal::Spool { spool, run: drain(&program, &machine.config, None) });
    goals.extend(scripts_goals(machine, scripts, &program));
    goals.push(Goal::Cron { line: cron_line(machine), owner: me.clone() });
    let url = Url { url: wishes.hook_url(), host: None };
    goals.push(Goal::Answers(Answers { at: url.clone(), remedies: Vec::new() }));
    let secret = secret_file(machine, wishes);
    Ok(HostPlan { goals, program, runner: me.clone(), secret, public_key, url, is_by_cron: true })
}

fn directories(machine: &Machine, wishes: &Wishes, scripts: &Path) -> Vec<Goal> {
    let home = &machine.home;
    let config = machine.config.parent().unwrap_or(home).to_owned();
    let ours = |path: PathBuf| (path, 0o700, true);
    let theirs = |path: PathBuf| (path, 0o755, false);
    let secrets = config.join("secrets");
    // A directory that the account named itself keeps its mode.
    let config = if config.ends_with("hookspool") { ours(config) } else { theirs(config) };
    [
        theirs(home.join("bin")),
        config,
        ours(secrets),
        ours(home.join(".local/state/hookspool")),
        theirs(wishes.dir.clone()),
        theirs(scripts.to_owned()),
    ]
    .into_iter()
    .map(|(path, mode, is_ours)| Goal::Directory(Directory { path, mode, owner: machine.me.clone(), is_ours }))
    .collect()
}

/// The script; beside it, where the server runs no script by itself, the file that tells it to.
fn scripts_goals(machine: &Machine, scripts: &Path, program: &Path) -> Vec<Goal> {
    let file = |name: &str, mode, text: String| {
        Goal::File(TextFile { path: scripts.join(name), mode, owner: machine.me.clone(), text, replaces: None })
    };
    let script = shipped::CGI_SCRIPT
        .replace("/home/me/.config/hookspool/hookspool.toml", &machine.config.to_string_lossy())
        .replace("/home/me/bin/hookspool", &program.to_string_lossy());
    let mut goals = vec![file("hookspool.cgi", 0o755, script)];
    if !scripts.ends_with("cgi-bin") {
        goals.push(file(".htaccess", 0o644, shipped::HTACCESS.to_owned()));
    }
    goals
}

/// The line of `deploy/crontab`, with the configuration of this account.
fn cron_line(machine: &Machine) -> String {
    let line = shipped::CRONTAB.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let usual = machine.home.join(".config/hookspool/hookspool.toml");
    if machine.config == usual {
        return line.to_owned();
    }
    line.replace("$HOME/.config/hookspool/hookspool.toml", &machine.config.to_string_lossy())
}
