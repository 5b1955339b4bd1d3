//! Edge. `status` for people.

use super::gather::{HookStatus, RunnerStatus, SpoolStatus};
use super::running::RunningStep;
use crate::cli::exit::Failure;
use crate::cli::jobs::age;
use crate::cli::print;
use crate::model::{Outcome, State};
use crate::spool::JobView;
use jiff::Timestamp;

/// Prints it.
pub(super) fn show(status: &SpoolStatus) -> Result<(), Failure> {
    let now = Timestamp::now();
    print::line(&format!("runner   {}", runner(&status.runner, now)))?;
    print::line(&format!("config   {}", status.config.display()))?;
    for unused in &status.unused {
        print::labelled("warning", &format!("{} is there, too, and not used", unused.display()))?;
    }
    let files = status.free.files.map_or_else(String::new, |files| format!(" and {files} files"));
    let free = print::size(status.free.bytes);
    print::line(&format!("spool    {}, {free}{files} free", status.spool.display()))?;
    let count = |state: &State| {
        let number = status.jobs.get(state).copied().unwrap_or_default();
        format!("{number} {}", state.as_str())
    };
    print::line(&format!("jobs     {}", State::ALL.iter().map(count).collect::<Vec<_>>().join(", ")))?;
    for running in &status.running {
        print::line(&format!("running  {}", short(&running.job, now)))?;
        running
            .step
            .iter()
            .try_for_each(|step| print::line(&format!("         {}", under_way(step, running.limit_s, now))))?;
    }
    if let Some(job) = &status.oldest_waiting {
        print::line(&format!("oldest   {}", short(job, now)))?;
    }
    if !status.complete {
        print::line("note     there are too many jobs to count those of each hook")?;
    }
    print::line("")?;
    let rows: Vec<Vec<String>> = status.hooks.iter().map(|hook| row(hook, now)).collect();
    print::table(&["HOOK", "WAITING", "HELD", "LAST", "AGE", "JOB", "HOLD"], &rows)
}

/// `step 2 of 3, npm ci, for 12m (at most 15m); last output 11m ago: downloading 37 %`.
fn under_way(step: &RunningStep, limit_s: Option<u64>, now: Timestamp) -> String {
    let RunningStep { number, of, title, since, last_output } = step;
    let limit = limit_s.map(|limit_s| format!(" (at most {})", seconds(limit_s))).unwrap_or_default();
    let output = last_output.as_ref().map_or_else(
        || "no output yet".to_owned(),
        |output| format!("last output {} ago: {}", age(output.at, now), output.line),
    );
    format!("step {number} of {of}, {title}, for {}{limit}; {output}", age(*since, now))
}

fn seconds(seconds: u64) -> String {
    age(
        Timestamp::UNIX_EPOCH,
        Timestamp::from_second(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX),
    )
}

fn runner(runner: &RunnerStatus, now: Timestamp) -> String {
    let since = runner.since.map_or_else(String::new, |since| format!(", for {}", age(since, now)));
    match (runner.alive, runner.pid) {
        (Some(true), Some(pid)) => format!("alive, process {pid}{since}"),
        (Some(true), None) => format!("alive{since}"),
        (Some(false), _) => "none: nothing runs until `hookspool spool-runner` does".to_owned(),
        (None, _) => "cannot be seen from here".to_owned(),
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
        hold.unwrap_or_else(none),
    ]
}
