//! Edge. `status` for people: the lines of one screen.

use super::gather::{HookStatus, MessageStatus, RunnerStatus, SpoolStatus};
use crate::cli::jobs::age;
use crate::cli::local_time::beside;
use crate::cli::print;
use crate::model::{Outcome, State, echo};
use crate::spool::JobView;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The lines of the screen, as they are printed.
pub(super) fn lines(status: &SpoolStatus, now: Timestamp) -> Vec<String> {
    let mut lines = of_spool(status, now);
    lines.extend(of_jobs(status, now));
    lines.push(String::new());
    lines.extend(of_hooks(&status.hooks, now));
    lines
}

/// Runner, configuration, time and spool.
fn of_spool(status: &SpoolStatus, now: Timestamp) -> Vec<String> {
    let (word, rest) = runner(&status.runner, now);
    let mut lines = vec![
        print::worded_text("runner   ", word, &rest),
        print::harmless(&format!("config   {}", status.config.display())),
    ];
    let zone = TimeZone::system();
    if !now.to_zoned(zone.clone()).offset().is_zero() {
        lines.push(format!("time     {}", beside(now, 0, &zone)));
    }
    let unused = status.unused.iter().map(|unused| format!("{} is there, too, and not used", unused.display()));
    lines.extend(unused.map(|text| print::labelled_text("warning", &text)));
    let files = status.free.files.map_or_else(String::new, |files| format!(" and {files} files"));
    let free = print::size(status.free.bytes);
    lines.push(print::harmless(&format!("spool    {}, {free}{files} free", status.spool.display())));
    let scarce = "deliveries are answered 503 when nothing is left; `hookspool doctor` says what to do";
    lines.extend(status.free.is_scarce().then(|| print::labelled_text("warning", scarce)));
    lines.extend(status.relay.as_ref().map(|relay| print::harmless(&format!("relay    {}", relay.words(now)))));
    lines
}

/// The number of jobs, those that run, and the one that has waited longest.
fn of_jobs(status: &SpoolStatus, now: Timestamp) -> Vec<String> {
    let count = |state: &State| {
        let number = status.jobs.get(state).copied().unwrap_or_default();
        format!("{number} {}", state.as_str())
    };
    let mut lines = vec![format!("jobs     {}", State::ALL.iter().map(count).collect::<Vec<_>>().join(", "))];
    lines.extend(messages(&status.messages).map(|words| print::harmless(&format!("messages {words}"))));
    for running in &status.running {
        lines.push(print::harmless(&format!("running  {}", short(&running.job, now))));
        lines.extend(running.progress.words(now).map(|words| print::harmless(&format!("         {words}"))));
    }
    let oldest = status.oldest_waiting.as_ref();
    lines.extend(oldest.map(|job| print::harmless(&format!("oldest   {}", short(job, now)))));
    let note = "note     there are too many jobs to count those of each hook";
    lines.extend((!status.complete).then(|| note.to_owned()));
    lines
}

/// The outbox, unless nothing is in it.
fn messages(messages: &MessageStatus) -> Option<String> {
    let MessageStatus { waiting, failed, damaged, last_failed } = messages;
    if waiting + failed + damaged == 0 {
        return None;
    }
    let unreadable = if *damaged > 0 { format!(", {damaged} damaged") } else { String::new() };
    let last =
        last_failed.as_ref().map_or_else(String::new, |last| format!(", the last to {}: {}", last.to, echo(&last.why)));
    Some(format!("{waiting} to be sent, {failed} did not arrive{unreadable}{last}"))
}

/// One column tells of holds, where there are any.
fn of_hooks(hooks: &[HookStatus], now: Timestamp) -> Vec<String> {
    let headings = ["HOOK", "WAITING", "HELD", "LAST", "AGE", "JOB", "LAST DELIVERY", "HOLD"];
    let columns = headings.len() - usize::from(hooks.iter().all(|hook| hook.hold.is_none()));
    let mut rows: Vec<Vec<String>> = hooks.iter().map(|hook| row(hook, now)).collect();
    for row in &mut rows {
        row.truncate(columns);
    }
    print::table_lines(&headings[..columns], &rows)
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
