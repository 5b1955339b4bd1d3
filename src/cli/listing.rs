//! Edge. `list` and `show`: jobs as people see them.

use super::args::ListArgs;
use super::exit::{self, Failure};
use super::hosts::{host_words, words};
use super::jobs::{age, find, no_such, refuse_unknown, unreadable};
use super::load::load;
use super::local_time::beside;
use super::moment::Moment;
use super::print;
use super::step_progress::StepProgress;
use crate::model::{JobId, JobMeta, State};
use crate::spool::{self, Filter, HostWord, HostWords, JobView, Shown};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// Prints a table or an array of the jobs in the spool, in order of arrival.
pub(super) fn list(config: Option<&Path>, args: &ListArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let filter = filter(args)?;
    let jobs = spool::list(&config.spool, filter).map_err(unreadable)?;
    let jobs: Vec<JobView> = jobs.collect::<Result<_, _>>().map_err(unreadable)?;
    if jobs.is_empty() {
        args.hook.as_ref().map_or(Ok(()), |hook| refuse_unknown(&config, hook))?;
    }
    let hosts = host_words(&config).map_err(unreadable)?;
    if args.json {
        let jobs: Vec<_> = jobs.iter().map(|job| JobWithHosts { hosts: hosts.of(job.id), job }).collect();
        print::json(&jobs)?;
    } else {
        print_table(&jobs, &hosts)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A job, with the other hosts that are to get it.
#[derive(Serialize)]
struct JobWithHosts<'a> {
    #[serde(flatten)]
    job: &'a JobView,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    hosts: &'a [HostWord],
}

fn filter(args: &ListArgs) -> Result<Filter, Failure> {
    let states = args.state.iter().map(|state| parse_state(state)).collect::<Result<_, _>>()?;
    let now = Timestamp::now();
    // A job's name begins with the time of its arrival.
    let first_at = |moment: Moment| {
        let sequence = moment.before(now).as_nanosecond().clamp(0, JobId::SEQUENCE_MAX.into());
        JobId::new(u64::try_from(sequence).unwrap_or(JobId::SEQUENCE_MAX), 0)
    };
    let (from, before) = (args.since.and_then(first_at), args.until.and_then(first_at));
    Ok(Filter { states, hook: args.hook.clone(), from, before, newest: args.limit })
}

/// Prints one job and what happened to it.
pub(super) fn show(config: Option<&Path>, job: &str, json: bool) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let id = find(&config.spool, job)?;
    let shown = spool::show(&config.spool, id).map_err(unreadable)?.ok_or_else(|| no_such(job))?;
    let progress = StepProgress::of(&config, &shown.view);
    let hosts = host_words(&config).map_err(unreadable)?;
    let hosts = hosts.of(id);
    if json {
        let StepProgress { step, limit_s, usual_s } = &progress;
        let value = serde_json::json!({
            "job": shown.view, "delivery": shown.meta, "history": shown.history.entries(), "step": step,
            "limit_s": limit_s, "usual_s": usual_s, "hosts": hosts,
        });
        print::json(&value)?;
    } else {
        print_job(&config.spool, &shown, &progress, hosts)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn parse_state(text: &str) -> Result<State, Failure> {
    State::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let states = State::ALL.map(State::as_str).join(", ");
        Failure::new(exit::USAGE, format!("no state `{text}`; there are: {states}"))
    })
}

const HEADINGS: [&str; 8] = ["JOB", "STATE", "OUTCOME", "HOOK", "REF", "AFTER", "AGE", "REASON"];

/// The column after the outcome, where there are other hosts.
const HOSTS_AT: usize = 3;

fn print_table(jobs: &[JobView], hosts: &HostWords) -> Result<(), Failure> {
    let now = Timestamp::now();
    let mut headings = HEADINGS.to_vec();
    let mut rows: Vec<Vec<String>> = jobs.iter().map(|job| row(job, now)).collect();
    let fractions: Vec<Option<String>> = jobs.iter().map(|job| hosts.fraction(job.id)).collect();
    if fractions.iter().any(Option::is_some) {
        headings.insert(HOSTS_AT, "HOSTS");
        for (row, fraction) in rows.iter_mut().zip(fractions) {
            row.insert(HOSTS_AT, fraction.unwrap_or_else(|| "-".to_owned()));
        }
    }
    print::table(&headings, &rows)
}

fn row(job: &JobView, now: Timestamp) -> Vec<String> {
    let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), str::to_owned);
    vec![
        job.id.short(),
        job.state.as_str().to_owned(),
        text(job.outcome.map(crate::model::Outcome::as_str)),
        text(job.hook.as_deref()),
        text(job.reference.as_ref().map(crate::intake::short)),
        text(job.after.as_deref().map(|commit| commit.get(..10).unwrap_or(commit))),
        job.arrived_at.map_or_else(|| "-".to_owned(), |at| age(at, now)),
        text(reason(job, now).as_deref()),
    ]
}

/// The reason, and for how long the job waits: its own length at most, whatever was done to the clock.
fn reason(job: &JobView, now: Timestamp) -> Option<String> {
    let reason = job.reason.as_deref().or_else(|| missed(job));
    let Some(wait) = job.wait.filter(|_| job.state == State::Waiting) else { return reason.map(str::to_owned) };
    let left = match wait.left(now).as_secs() {
        0 => "next attempt now".to_owned(),
        _ => format!("next attempt in {}", age(now, now + wait.left(now))),
    };
    Some(reason.map_or_else(|| left.clone(), |reason| format!("{left}: {reason}")))
}

/// The reason shown for a job that the runner queued itself.
fn missed(job: &JobView) -> Option<&'static str> {
    (job.provider.as_deref() == Some(JobMeta::RECONCILE)).then_some("no delivery told of it (reconcile)")
}

fn print_job(root: &Path, shown: &Shown, progress: &StepProgress, hosts: &[HostWord]) -> Result<(), Failure> {
    let (view, zone) = (&shown.view, TimeZone::system());
    let field = |name: &str, value: Option<String>| match value {
        Some(value) => print::line(&format!("{name:<11} {value}")),
        None => Ok(()),
    };
    field("job", Some(view.id.to_string()))?;
    field("state", Some(view.state.as_str().to_owned()))?;
    field("outcome", view.outcome.map(|outcome| outcome.as_str().to_owned()))?;
    field("reason", view.reason.clone())?;
    field("under way", progress.words(Timestamp::now()))?;
    field("not before", view.not_before.map(|at| beside(at, 0, &zone)))?;
    field("hook", view.hook.clone())?;
    field("event", view.event.as_ref().map(|event| event.as_str().to_owned()))?;
    field("ref", view.reference.as_ref().map(|reference| reference.as_str().to_owned()))?;
    field("before", shown.meta.as_ref().and_then(|meta| meta.before.clone()))?;
    field("after", view.after.clone())?;
    field("repository", shown.meta.as_ref().and_then(|meta| meta.repository.clone()))?;
    field("pusher", shown.meta.as_ref().and_then(|meta| meta.pusher.clone()))?;
    field("delivery", view.delivery.clone())?;
    field("note", shown.meta.as_ref().and_then(|meta| meta.note.clone()))?;
    field("from host", shown.meta.as_ref().and_then(|meta| meta.origin.clone()))?;
    field("arrived", view.arrived_at.map(|at| beside(at, 9, &zone)))?;
    field("attempts", Some(view.attempts.to_string()))?;
    field("file", Some(spool::job_path(root, view.state, view.id).display().to_string()))?;
    field("log", Some(spool::log_path(root, view.id).display().to_string()))?;
    let now = Timestamp::now();
    hosts.iter().try_for_each(|word| field("host", Some(format!("{}: {}", word.host, words(word, now)))))?;
    let entries = shown.history.entries().iter();
    entries
        .map(|entry| format!("{}  {}", beside(entry.at, 3, &zone), entry.what))
        .try_for_each(|line| print::line(&line))
}
