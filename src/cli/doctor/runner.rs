//! Edge. Check that somebody runs what is queued.

use super::finding::Finding;
use crate::cli::jobs::age;
use crate::cli::last_run::{LastRun, last_run};
use crate::cli::print;
use crate::config::Config;
use crate::model::State;
use crate::spool::{self, Filter, Presence};
use crate::system::table;
use jiff::Timestamp;

/// A job that has waited for so long waits for a runner that does not come.
const PATIENCE_S: i64 = 300;

/// Runs of cron are less than so far apart.
const A_DAY_S: i64 = 24 * 60 * 60;

/// Looks at the lock, and at what waits.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    findings.push(match spool::presence(&config.spool) {
        Presence::Held { pid: Some(pid), since } => holder(config, pid, since),
        Presence::Held { pid: None, .. } => {
            Finding::ok("the spool is locked by a process that cannot be seen from here")
        }
        Presence::Unknown(why) => Finding::warning("whether a runner is alive cannot be told", why, "ask as root"),
        Presence::Free => nobody(config),
    });
    let Ok(counts) = spool::count(&config.spool) else { return };
    for (state, what, repair) in [
        (State::Held, "they wait for a person", "hookspool list --state held, then hookspool release"),
        (
            State::Failed,
            "they are not tried again by themselves",
            "hookspool list --state failed, then hookspool retry, or hookspool prune --failed",
        ),
        (State::Corrupt, "they are damaged or hostile", "look at spool/corrupt/*.events, then remove them"),
    ] {
        match counts.get(&state).copied().unwrap_or_default() {
            0 => {}
            count => findings.push(Finding::warning(
                format!("{} in {}/", print::count(count, "job"), state.as_str()),
                what,
                repair,
            )),
        }
    }
}

fn holder(config: &Config, pid: u32, since: Option<Timestamp>) -> Finding {
    let lock = config.spool.join("lock");
    let since = since.map_or_else(String::new, |since| format!(", for {}", age(since, Timestamp::now())));
    let number = i32::try_from(pid).unwrap_or(0);
    let process = table::process(number).filter(table::Process::is_alive);
    let Some(process) = process else {
        return Finding::problem(
            format!("the lock is held for process {pid}, which has ended"),
            "a process that it started holds on to it, and no runner can start",
            format!("fuser -v {}, and end what it names", lock.display()),
        );
    };
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if !name.trim_end().starts_with("hookspool") && !is_this_program(pid) {
        return Finding::problem(
            format!("the lock is held by process {pid}, `{}`, which is not a runner", name.trim_end()),
            "no runner can start",
            format!("end it: kill {pid}"),
        );
    }
    if process.is_frozen() {
        return Finding::problem(
            format!("the runner, process {pid}, is stopped"),
            "it runs nothing and hears no order until it goes on",
            format!("kill -CONT {pid}"),
        );
    }
    Finding::ok(format!("a runner is alive: process {pid}{since}"))
}

/// Under whatever name it was put on the disk.
fn is_this_program(pid: u32) -> bool {
    let program = std::fs::read_link(format!("/proc/{pid}/exe"));
    program.is_ok_and(|program| std::env::current_exe().is_ok_and(|own| own == program))
}

fn nobody(config: &Config) -> Finding {
    let states = vec![State::Queued, State::Waiting];
    let waiting = spool::ids(&config.spool, &Filter { states, ..Filter::default() }).unwrap_or_default();
    let oldest = waiting.first().and_then(|(id, _)| Timestamp::from_nanosecond(id.sequence().into()).ok());
    let repair =
        "start it: `supervisorctl start hookspool-runner`, `systemctl start hookspool-runner`, or wait for cron";
    let last = last_run(config);
    let now = Timestamp::now();
    if let Some(last) = last.as_ref().filter(|last| last.failed) {
        let what = format!("no runner is alive: {}", last.words(now));
        return Finding::problem(what, "nothing runs", format!("remove that cause; {repair}"));
    }
    let waited_s = oldest.map_or(0, |oldest| Timestamp::now().as_second() - oldest.as_second());
    if waited_s > PATIENCE_S {
        let what = format!("no runner is alive, and there is work: {}", print::count(waiting.len(), "job"));
        return Finding::problem(what, "nothing runs", repair);
    }
    match last.filter(LastRun::ended_by_itself).filter(|last| now.as_second() - last.at.as_second() < A_DAY_S) {
        Some(last) => Finding::ok(format!("no runner is alive now; {}", last.words(now))),
        None => Finding::warning("no runner is alive", "what is queued waits for one", repair),
    }
}
