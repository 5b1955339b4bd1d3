//! Edge. A deploy key, and a host that is known. Nobody answers ssh when a job runs.

use super::GoalState;
use super::command;
use super::place::gift;
use super::write::{FileRights, put};
use crate::cli::exit::{self, Failure};
use crate::cli::init::goal::{KnownHost, Run};
use crate::cli::init::owner::Owner;
use crate::cli::init::tool;
use rustix::process::geteuid;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Seconds that a host has to show its keys.
const SCAN_SECONDS: &str = "10";

pub(super) fn make_key(file: &Path, owner: &Owner) -> Result<(), Failure> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name = format!("{}@{host}", owner.user);
    let run = Run::new(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", &name, "-f", &file.to_string_lossy()]);
    command::run(&as_owner(run, owner))
}

pub(super) fn of_host(it: &KnownHost) -> GoalState {
    let run = Run::new(&["ssh-keygen", "-F", &it.name(), "-f", &it.file.to_string_lossy()]);
    GoalState::of(it.file.exists() && tool::agrees(&as_owner(run, &it.owner)))
}

/// Asks the host for its keys, and shows their fingerprints, which a person compares.
pub(super) fn learn_host(it: &KnownHost) -> Result<String, Failure> {
    let scan = Run::new(&["ssh-keyscan", "-T", SCAN_SECONDS, "-p", &it.port, "--", &it.host]);
    let silent = |why: &str| Failure::new(exit::UNAVAILABLE, format!("host {} shows no key: {why}", it.name()));
    let said = tool::ask(&as_owner(scan, &it.owner)).ok_or_else(|| silent("`ssh-keyscan` is not installed"))?;
    let keys: Vec<&str> = said.out.lines().filter(|line| !line.starts_with('#')).collect();
    if keys.is_empty() {
        return Err(silent(said.err.lines().last().unwrap_or("it does not answer")));
    }
    let old = fs::read_to_string(&it.file).unwrap_or_default();
    let rights = FileRights { mode: 0o600, ids: gift(&it.owner)? };
    let fill = |to: &mut fs::File| to.write_all(format!("{old}{}\n", keys.join("\n")).as_bytes());
    put(&it.file, rights, true, fill)
        .map_err(|error| Failure::create(format!("cannot write `{}`", it.file.display()), &error))?;
    let shown = tool::ask(&as_owner(Run::new(&["ssh-keygen", "-l", "-f", &it.file.to_string_lossy()]), &it.owner));
    let name = it.name();
    let is_its = |line: &&str| line.split_whitespace().nth(2).is_some_and(|host| host == name);
    let prints: Vec<&str> = shown.iter().flat_map(|said| said.out.lines()).filter(is_its).collect();
    Ok(format!("compare with what the forge publishes: {}", prints.join(" · ")))
}

/// Root acts as the runner's user, so that nothing of root's lands in a directory of that user.
fn as_owner(run: Run, owner: &Owner) -> Run {
    Run { user: geteuid().is_root().then(|| owner.user.clone()), ..run }
}
