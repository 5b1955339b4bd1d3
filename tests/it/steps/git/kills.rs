//! Edge. Kills of git and of the runner, when git has come to a command.

use super::authors::Chance;
use crate::support::yard::Runner;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Commands of git at which a kill happens; the first: any.
const COMMANDS: [&str; 9] =
    ["", "fetch", "index-pack", "unpack-objects", "checkout", "checkout", "checkout", "submodule", "update-index"];
/// A kill happens within this time after the command has begun.
const WITHIN_US: usize = 8_000;
/// Between two looks for the command.
const LOOK: Duration = Duration::from_micros(200);

/// Those who are killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Victim {
    /// Processes of git that run the command, not their children.
    Git,
    /// The runner alone: git goes on.
    Runner,
    /// The runner and everything below it.
    All,
    /// The runner is asked to stop, as by a service manager.
    Stopped,
}

/// A kill that is to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    victim: Victim,
    command: &'static str,
    after: Duration,
}

impl Kill {
    pub(super) fn by_chance(chance: &mut Chance) -> Self {
        let victim = chance.of(&[Victim::Git, Victim::Runner, Victim::All, Victim::Stopped]);
        let command = chance.of(&COMMANDS);
        let after = Duration::from_micros(chance.below(WITHIN_US) as u64);
        Self { victim, command, after }
    }

    /// Kills while `runner` works in `site`, unless that ends before.
    pub(super) fn strike(self, runner: &Runner, site: &Path) {
        while gits(site, self.command).is_empty() {
            if runner.is_over() {
                return;
            }
            std::thread::sleep(LOOK);
        }
        // Not to wait for anything: this is the moment of the kill.
        std::thread::sleep(self.after);
        match self.victim {
            Victim::Git => kill_all(&gits(site, self.command)),
            Victim::Runner => runner.signal(Signal::KILL),
            Victim::All => {
                runner.signal(Signal::KILL);
                kill_all(&gits(site, ""));
            }
            Victim::Stopped => runner.signal(Signal::TERM),
        }
    }
}

/// Processes of git that work in `site` and run `command`.
fn gits(site: &Path, command: &str) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid: &i32| runs(pid, site, command)).filter_map(Pid::from_raw).collect()
}

fn runs(pid: i32, site: &Path, command: &str) -> bool {
    let proc = Path::new("/proc").join(pid.to_string());
    if !fs::read_link(proc.join("cwd")).is_ok_and(|dir| dir.starts_with(site)) {
        return false;
    }
    let line = fs::read(proc.join("cmdline")).unwrap_or_default();
    let mut words = line.split(|&b| b == 0);
    let program = words.next().unwrap_or_default().rsplit(|&b| b == b'/').next().unwrap_or_default();
    program.starts_with(b"git") && (command.is_empty() || words.any(|word| word == command.as_bytes()))
}

fn kill_all(gits: &[Pid]) {
    for &pid in gits {
        let _ended_before = kill_process(pid, Signal::KILL);
    }
}
