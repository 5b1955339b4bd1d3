//! Edge. `status` for people.

use super::gather::{HookStatus, RunnerStatus, SpoolStatus};
use crate::cli::exit::Failure;
use crate::cli::jobs::age;
use crate::cli::local_time::beside;
use crate::cli::print;
use crate::model::{Outcome, State};
use crate::spool::JobView;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prints it.
pub(super) fn show(status: &SpoolStatus) -> Result<(), Failure> {
    let now = Timestamp::now();
    let (word, rest) = runner(&status.runner, now);
    print::worded("runner   ", word, &rest)?;
    print::line(&format!("config   {}", status.config.display()))?;
    let zone = TimeZone::system();
    if !now.to_zoned(zone.clone()).offset().is_zero() {
        print::line(&format!("time     {}", beside(now, 0, &zone)))?;
    }
    for unused in &status.unused {
        print::labelled("warning", &format!("{} is there, too, and not used", unused.display()))?;
    }
    let files = status.free.files.map_or_else(String::new, |files| format!(" and {files} files"));
    let free = print::size(status.free.bytes);
    print::line(&format!("spool    {}, {free}{files} free", status.spool.display()))?;
    if status.free.is_scarce() {
        print::labelled(
            "warning",
            "deliveries are answered 503 when nothing is left; `hookspool doctor` says what to do",
        )?;
    }
    let count = |state: &State| {
        let number = status.jobs.get(state).copied().unwrap_or_default();
        format!("{number} {}", state.as_str())
    };
    print::line(&format!("jobs     {}", State::ALL.iter().map(count).collect::<Vec<_>>().join(", ")))?;
    for running in &status.running {
        print::line(&format!("running  {}", short(&running.job, now)))?;
        if let Some(words) = running.progress.words(now) {
            print::line(&format!("         {words}"))?;
        }
    }
    if let Some(job) = &status.oldest_waiting {
        print::line(&format!("oldest   {}", short(job, now)))?;
    }
    if !status.complete {
        print::line("note     there are too many jobs to count those of each hook")?;
    }
    print::line("")?;
    print_hooks(&status.hooks, now)
}

/// One column tells of holds, where there are any.
fn print_hooks(hooks: &[HookStatus], now: Timestamp) -> Result<(), Failure> {
    let headings = ["HOOK", "WAITING", "HELD", "LAST", "AGE", "JOB", "LAST DELIVERY", "HOLD"];
    let columns = headings.len() - usize::from(hooks.iter().all(|hook| hook.hold.is_none()));
    let mut rows: Vec<Vec<String>> = hooks.iter().map(|hook| row(hook, now)).collect();
    for row in &mut rows {
        row.truncate(columns);
    }
    print::table(&headings[..columns], &rows)
}

/// The word that matters, and the rest.
fn runner(runner: &RunnerStatus, now: Timestamp) -> (&'static str, String) {
    let since = runner.since.map_or_else(String::new, |since| format!(", for {}", age(since, now)));
    let until = "nothing runs until `hookspool spool-runner` does";
    match (runner.alive, runner.pid, &runner.last) {
        (Some(true), Some(pid), _) => ("alive", format!(", process {pid}{since}")),
        (Some(true), None, _) => ("alive", since),
        (Some(false), _, Some(last)) if last.ended_by_itself() => ("none now", format!("; {}", last.words(now))),
        (Some(false), _, Some(last)) => ("none", format!(": {}; {until}", last.words(now))),
        (Some(false), _, None) => ("none", format!(": {until}")),
        (None, _, _) => ("unknown", ": it cannot be seen from here".to_owned()),
    }
}

fn short(job: &JobView, now: Timestamp) -> String {
    let hook = job.hook.as_deref().unwrap_or("-");
    let reference = job.reference.as_ref().map_or("-", crate::intake::short);
    let arrived = job.arrived_at.map_or_else(|| "-".to_owned(), |at| age(at, now));
    format!("{} {hook} {reference}, arrived {arrived} ago", job.id.short())
}

fn row(hook: &HookStatus, now: Timestamp) -> Vec<String> {
    let none = || "-".to_owned();
    let last = hook.last.as_ref();
    let hold = hook.hold.as_ref().map(|hold| format!("{}, by {} for {}", hold.why, hold.by, age(hold.since, now)));
    vec![
        hook.name.clone(),
        hook.waiting.to_string(),
        hook.held.to_string(),
        last.and_then(|job| job.outcome).map_or_else(none, |outcome: Outcome| outcome.as_str().to_owned()),
        last.and_then(|job| job.arrived_at).map_or_else(none, |at| age(at, now)),
        last.map_or_else(none, |job| job.id.short()),
        hook.seen.as_ref().map_or_else(none, |seen| seen.headline.clone()),
        hold.unwrap_or_else(none),
    ]
}
