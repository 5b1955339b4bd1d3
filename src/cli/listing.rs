//! Edge. `list` and `show`: jobs as people see them.

use super::args::ListArgs;
use super::exit::{self, Failure};
use super::moment::Moment;
use super::print;
use super::receive::load;
use crate::config::Config;
use crate::model::{JobId, State};
use crate::spool::{self, Filter, JobView, Match, Shown, SpoolError};
use jiff::Timestamp;
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
    if args.json {
        print::json(&jobs)?;
    } else {
        print_table(&jobs)?;
    }
    Ok(ExitCode::SUCCESS)
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
    if json {
        let value =
            serde_json::json!({ "job": shown.view, "delivery": shown.meta, "history": shown.history.entries() });
        print::json(&value)?;
    } else {
        print_job(&config.spool, &shown)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The job that a person means.
pub(super) fn find(root: &Path, text: &str) -> Result<JobId, Failure> {
    match spool::find(root, text).map_err(unreadable)? {
        Match::One(id) => Ok(id),
        Match::None => Err(no_such(text)),
        Match::Several(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let ids = ids.join(", ");
            Err(Failure::new(exit::USAGE, format!("`{text}` is too short to tell one job; it may be any of: {ids}, …")))
        }
    }
}

fn no_such(text: &str) -> Failure {
    Failure::new(exit::NO, format!("no job `{text}`; `hookspool list` shows which there are"))
}

/// That there is such a hook: a name with a slip in it has no jobs either.
pub(super) fn refuse_unknown(config: &Config, hook: &str) -> Result<(), Failure> {
    if config.hook(hook).is_some() {
        return Ok(());
    }
    Err(Failure::new(exit::NO, format!("no hook `{hook}`; there are: {}", names_of_hooks(config))))
}

/// What to say of a text that is neither.
pub(super) fn no_hook_and_no_job(config: &Config, text: &str) -> String {
    format!("no hook and no job `{text}`; the hooks are: {}", names_of_hooks(config))
}

fn names_of_hooks(config: &Config) -> String {
    config.hooks.iter().map(|hook| hook.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What to say where no spool is.
pub(super) fn no_spool(root: &Path) -> Failure {
    let text = format!("there is no spool at {}; the runner makes it when it starts", root.display());
    Failure::new(exit::UNAVAILABLE, text)
}

pub(super) fn unreadable(error: SpoolError) -> Failure {
    match &error {
        SpoolError::Call { call: "open", path, .. } if error.is_missing() && !path.exists() => return no_spool(path),
        _ => {}
    }
    Failure::new(error.exit_code(), error)
}

fn parse_state(text: &str) -> Result<State, Failure> {
    State::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| {
        let states = State::ALL.map(State::as_str).join(", ");
        Failure::new(exit::USAGE, format!("no state `{text}`; there are: {states}"))
    })
}

const HEADINGS: [&str; 8] = ["JOB", "STATE", "OUTCOME", "HOOK", "REF", "AFTER", "AGE", "REASON"];

fn print_table(jobs: &[JobView]) -> Result<(), Failure> {
    let now = Timestamp::now();
    let rows: Vec<Vec<String>> = jobs.iter().map(|job| row(job, now)).collect();
    print::table(&HEADINGS, &rows)
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
        text(job.reason.as_deref().or_else(|| missed(job))),
    ]
}

/// What is said of a job that the runner queued itself.
fn missed(job: &JobView) -> Option<&'static str> {
    (job.provider.as_deref() == Some("reconcile")).then_some("no delivery told of it (reconcile)")
}

/// `12s`, `5m`, `3h`, `2d`: the largest unit that gives a number.
pub(super) fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn print_job(root: &Path, shown: &Shown) -> Result<(), Failure> {
    let view = &shown.view;
    let field = |name: &str, value: Option<String>| match value {
        Some(value) => print::line(&format!("{name:<11} {value}")),
        None => Ok(()),
    };
    field("job", Some(view.id.to_string()))?;
    field("state", Some(view.state.as_str().to_owned()))?;
    field("outcome", view.outcome.map(|outcome| outcome.as_str().to_owned()))?;
    field("reason", view.reason.clone())?;
    field("not before", view.not_before.map(|at| at.to_string()))?;
    field("hook", view.hook.clone())?;
    field("event", view.event.as_ref().map(|event| event.as_str().to_owned()))?;
    field("ref", view.reference.as_ref().map(|reference| reference.as_str().to_owned()))?;
    field("before", shown.meta.as_ref().and_then(|meta| meta.before.clone()))?;
    field("after", view.after.clone())?;
    field("repository", shown.meta.as_ref().and_then(|meta| meta.repository.clone()))?;
    field("pusher", shown.meta.as_ref().and_then(|meta| meta.pusher.clone()))?;
    field("delivery", view.delivery.clone())?;
    field("note", shown.meta.as_ref().and_then(|meta| meta.note.clone()))?;
    field("arrived", view.arrived_at.map(|at| at.to_string()))?;
    field("attempts", Some(view.attempts.to_string()))?;
    field("file", Some(spool::job_path(root, view.state, view.id).display().to_string()))?;
    field("log", Some(spool::log_path(root, view.id).display().to_string()))?;
    shown.history.entries().iter().try_for_each(|entry| print::line(&format!("{:.3}  {}", entry.at, entry.what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let at = |s| Timestamp::from_second(s).unwrap();
        let ages = [0, 59, 60, 3599, 3600, 86_399, 86_400, 900_000].map(|s| age(at(0), at(s)));
        assert_eq!(ages, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "10d"]);
        assert_eq!(age(at(10), at(0)), "0s");
    }
}
