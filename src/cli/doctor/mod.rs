//! Edge. `doctor`: looks for what is wrong, and says why it matters and how it is repaired. Changes nothing.

mod clock;
mod configuration;
mod confinement;
mod deliveries;
mod disk;
mod finding;
mod git;
mod messages;
mod page;
mod parts;
mod program;
mod programs;
mod receivers;
#[cfg(feature = "relay")]
mod relay;
mod releases;
mod remote;
mod rights;
mod runner;
mod sandbox;
mod ssh;
mod strangers;

use super::control::become_owner;
use super::exit::{self, Failure};
use super::load::load;
use super::print;
use super::trust::foreign_directory;
use crate::config::Config;
use crate::spool::is_unmade;
use crate::system::users;
use finding::{Finding, Level};
use rights::Rights;
use std::path::Path;
use std::process::ExitCode;

/// Looks, first as whoever asks, then as the runner's user. Exit 1 when there is a problem.
pub(super) fn run(config: Option<&Path>, offline: bool, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let mut findings = Vec::new();
    configuration::look(&config, &mut findings);
    sandbox::look(&config, &mut findings);
    if config.spool.is_dir() {
        if !look_at_spool(&config, &mut findings) && !is_unmade(&config.spool) {
            return report(&findings, json);
        }
        become_owner(&config.spool)?;
    } else {
        let why = "without it every delivery is answered 503";
        let what = format!("there is no spool at {}", config.spool.display());
        findings.push(Finding::problem(
            what,
            why,
            "start the runner once: `hookspool spool-runner --once` as its user",
        ));
    }
    if is_runners_user(&config, &mut findings) {
        git::look(&config, offline, &mut findings);
        programs::look(&config, &mut findings);
        confinement::look(&config, &mut findings);
        releases::look(&config, &mut findings);
        messages::look_at_secrets(&config, &mut findings);
        #[cfg(feature = "relay")]
        relay::look(&config, offline, &mut findings);
    }
    report(&Finding::merged(findings), json)
}

/// `true` for the user who runs the jobs: another user's rights say nothing of theirs.
fn is_runners_user(config: &Config, findings: &mut Vec<Finding>) -> bool {
    let Ok(spool) = Rights::of(&config.spool) else { return true };
    let me = rustix::process::geteuid().as_raw();
    if let Some((dir, uid)) = foreign_directory(config).filter(|_| spool.uid == 0) {
        findings.push(of_root(config, dir, uid));
        return false;
    }
    if me == spool.uid {
        return true;
    }
    let (me, owner) = (users::name_of(me), users::name_of(spool.uid));
    findings.push(Finding::warning(
        format!("this is {me}, and the runner is {owner}"),
        "git, work directories and programs were not looked at: only the runner's user meets them as a job does",
        format!("sudo -u {owner} hookspool doctor"),
    ));
    false
}

/// The spool is root's, and a hook's `dir` is not: root started a runner where another should.
fn of_root(config: &Config, dir: &Path, uid: u32) -> Finding {
    let (spool, dir, owner) = (config.spool.display(), dir.display(), users::name_of(uid));
    Finding::problem(
        format!("the spool {spool} belongs to root, and {dir}, where a hook works, to {owner}"),
        "steps run with all rights, and what they make is root's",
        format!("end root's runner; chown -R {owner}: {spool}; start the runner as {owner}"),
    )
}

/// `false` if nothing of it can be seen.
fn look_at_spool(config: &Config, findings: &mut Vec<Finding>) -> bool {
    if !parts::look(&config.spool, findings) {
        return false;
    }
    strangers::look(&config.spool, findings);
    runner::look(config, findings);
    receivers::look(config, findings);
    disk::look(config, findings);
    page::look(config, findings);
    clock::look(&config.spool, findings);
    deliveries::look(config, findings);
    messages::look(config, findings);
    true
}

fn report(findings: &[Finding], json: bool) -> Result<ExitCode, Failure> {
    let is_good = findings.iter().all(|finding| finding.level != Level::Problem);
    if json {
        print::json(&serde_json::json!({ "ok": is_good, "findings": findings }))?;
    } else {
        findings.iter().try_for_each(tell)?;
    }
    Ok(ExitCode::from(if is_good { 0 } else { exit::NO }))
}

fn tell(finding: &Finding) -> Result<(), Failure> {
    print::labelled(finding.level.as_str(), &finding.line())?;
    if !finding.why.is_empty() {
        print::line(&format!("         why: {}", finding.why))?;
    }
    if !finding.repair.is_empty() {
        print::line(&format!("         repair: {}", finding.repair))?;
    }
    Ok(())
}
