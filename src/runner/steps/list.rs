//! Edge. The two lists of a plan, run step by step.

use super::attempt::{Attempt, Trouble, result_of, shell};
use super::control::Control;
use super::facts::JobFacts;
use super::record::{JobResult, List, StepNews, StepRecord, StepResult, TRY_AGAIN, title};
use super::{git, publish, remove, work_release};
use crate::config::{Plan, Step, StepAction};
use crate::model::{JobMeta, Outcome};
use crate::runner::log::{JobLog, end_of};
use crate::system::room::is_full;
use crate::system::wait::after;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Words of tools that were denied something.
const DENIALS: [&str; 6] =
    ["ermission denied", "EACCES", "PermissionError", "peration not permitted", "EPERM", "is not in PATH"];
/// Bytes at the end of the log in which they are looked for.
const DENIED_WITHIN_BYTES: u64 = 64 * 1024;

/// Is told what has to be written down before the next thing happens.
type OnNews<'a> = &'a mut dyn FnMut(StepNews<'_>) -> io::Result<()>;

/// Runs the steps of one attempt, in order. `on_news` is told of each step that ended, before the next one begins; when
/// it fails, the attempt has failed, and may be tried again.
pub fn run_job(
    plan: &Plan,
    facts: &JobFacts,
    log: &mut JobLog,
    control: &Control<'_>,
    on_news: OnNews<'_>,
) -> JobResult {
    log.note(&format!("{} of hook {}, attempt {}", facts.job, facts.meta.hook, facts.attempt));
    let mut attempt = match Attempt::begin(plan, facts, log, control) {
        Ok(attempt) => attempt,
        Err(error) => return failed(format!("cannot prepare: {error}"), true),
    };
    let mut result = JobResult { outcome: Outcome::Succeeded, reason: String::new(), transient: false, commit: None };
    let list = if facts.meta.is_rollback() { List::Rollback } else { List::Steps };
    if list == List::Rollback || plan.releases.is_some() {
        work_release::enter(&mut attempt);
    }
    let steps = list.of(plan);
    for (index, step) in (1..).zip(steps) {
        if result.outcome == Outcome::Interrupted || (result.outcome != Outcome::Succeeded && !step.always) {
            attempt.log.note(&format!("step {index} of {} left out: {}", steps.len(), title(step)));
            continue;
        }
        let place = StepPlace { index, of: steps.len(), list };
        let told = if step.restarts_runner { on_news(StepNews::Restarts) } else { Ok(()) };
        let ended = match told {
            Ok(()) => one(&mut attempt, place, step, &facts.meta),
            Err(error) => unrecorded(place, step, &error),
        };
        result.commit = ended.commit.clone().or(result.commit);
        let told = on_news(StepNews::Ended(&ended.record));
        if result.outcome == Outcome::Succeeded {
            judge(&mut result, &ended, told);
        }
        if result.outcome != Outcome::Succeeded && Instant::now() >= attempt.deadline {
            attempt.deadline = after(plan.timeout);
        }
    }
    if let Some(what) = work_release::leave(&mut attempt, &result) {
        go_back(&mut attempt, facts, &what, on_news);
    }
    work_release::explain(&attempt, &mut result);
    let colon = if result.reason.is_empty() { "" } else { ": " };
    attempt.log.note(&format!("{}{colon}{}", result.outcome.as_str(), result.reason));
    attempt.end();
    result
}

/// Runs the steps after the switch once more, in the release of before, which is current again. Their failure changes
/// nothing.
fn go_back(attempt: &mut Attempt<'_>, facts: &JobFacts, what: &str, on_news: OnNews<'_>) {
    attempt.log.note(what);
    attempt.deadline = after(attempt.plan.timeout);
    let steps = List::Rollback.of(attempt.plan);
    for (index, step) in (1..).zip(steps) {
        let ended = one(attempt, StepPlace { index, of: steps.len(), list: List::Rollback }, step, &facts.meta);
        if let Err(error) = on_news(StepNews::Ended(&ended.record)) {
            attempt.log.note(&format!("cannot record a step: {error}"));
        }
    }
}

/// Runs the steps of `list` after a job that ended as `result`: each of them, even after one that failed, for as long
/// as the job's `timeout` in all. Their failure changes nothing.
pub fn run_after(
    list: List,
    plan: &Plan,
    facts: &JobFacts,
    result: &JobResult,
    log: &mut JobLog,
    control: &Control<'_>,
    on_news: OnNews<'_>,
) {
    let Ok(mut attempt) = Attempt::begin(plan, facts, log, control) else { return };
    attempt.environment.set("HOOKSPOOL_OUTCOME", result.outcome.as_str());
    attempt.environment.set("HOOKSPOOL_REASON", &result.reason);
    if let Some(commit) = &result.commit {
        attempt.environment.set("HOOKSPOOL_COMMIT", commit);
    }
    work_release::enter(&mut attempt);
    let steps = list.of(plan);
    for (index, step) in (1..).zip(steps) {
        let place = StepPlace { index, of: steps.len(), list };
        let ended = one(&mut attempt, place, step, &facts.meta);
        if let Err(error) = on_news(StepNews::Ended(&ended.record)) {
            attempt.log.note(&format!("cannot record a step: {error}"));
        }
    }
    attempt.end();
}

/// The position of a step.
#[derive(Debug, Clone, Copy)]
struct StepPlace {
    index: usize,
    of: usize,
    list: List,
}

/// A step that ended, and what the record does not say.
struct StepEnd {
    record: StepRecord,
    /// The likely cause of its failure.
    hint: Option<String>,
    transient: bool,
    commit: Option<String>,
}

fn one(attempt: &mut Attempt<'_>, place: StepPlace, step: &Step, meta: &JobMeta) -> StepEnd {
    let StepPlace { index, of, list } = place;
    let title = title(step);
    let word = if list == List::Steps { "step".to_owned() } else { format!("{} step", list.as_str()) };
    attempt.log.note(&format!("{word} {index} of {of}: {title}"));
    let began = Instant::now();
    attempt.set_limit(step);
    let environment = attempt.environment.clone();
    let ready = attempt.check().and_then(|()| attempt.check_apart(&attempt.dir));
    let ready = ready.and_then(|()| attempt.set_identity());
    let ready = ready.and_then(|()| attempt.set_variables(&attempt.plan.env));
    let ready = ready.and_then(|()| attempt.set_variables(&step.env));
    let ready = ready.and_then(|()| attempt.confine(step));
    let acted = ready.and_then(|()| act(attempt, step, meta));
    let confined = attempt.leave_box();
    attempt.environment = environment;
    work_release::tell(attempt);
    let (result, transient, commit) = match acted {
        Ok((result, commit)) => (result.clone(), result == StepResult::Exited(TRY_AGAIN), commit),
        Err(Trouble { result, transient }) => (result, transient, None),
    };
    let duration = began.elapsed();
    attempt.log.note(&format!("{word} {index} of {of}: {result} ({:.3} s)", duration.as_secs_f64()));
    let is_programs = matches!(result, StepResult::Exited(1..) | StepResult::Signalled(_));
    let hint = if is_programs { full_disk(attempt) } else { None };
    let hint = hint.or_else(|| denied(attempt, confined.as_deref()?, &result));
    if let Some(hint) = &hint {
        attempt.log.note(hint);
    }
    StepEnd { record: StepRecord { index, title, list, result, duration, confined }, hint, transient, commit }
}

/// The disk on which a step found no room, which few programs say plainly.
fn full_disk(attempt: &Attempt<'_>) -> Option<String> {
    let temporary = attempt.environment.get("TMPDIR").map_or(Path::new("/tmp"), Path::new);
    let full = [attempt.dir.as_path(), temporary].into_iter().find(|dir| is_full(dir))?;
    Some(format!("no space is left on the disk of `{}`; free some, then retry the job", full.display()))
}

/// The remedy where a step met the walls of its box: tools say no more than that something was denied.
fn denied(attempt: &Attempt<'_>, confined: &str, result: &StepResult) -> Option<String> {
    let said = match result {
        StepResult::Refused(reason) => reason.clone(),
        StepResult::Exited(1..) | StepResult::Signalled(_) => {
            end_of(attempt.log_file, DENIED_WITHIN_BYTES).unwrap_or_default()
        }
        _ => return None,
    };
    let is_denied = DENIALS.iter().any(|denial| said.contains(denial));
    is_denied.then(|| format!("it is {confined}: name the path that it was denied in `confine`, `read` or `write`"))
}

/// A step that was not begun, because that could not be written down.
fn unrecorded(place: StepPlace, step: &Step, error: &io::Error) -> StepEnd {
    let StepPlace { index, list, .. } = place;
    let result = StepResult::Refused(format!("cannot record that it begins: {error}"));
    let record = StepRecord { index, title: title(step), list, result, duration: Duration::ZERO, confined: None };
    StepEnd { record, hint: None, transient: true, commit: None }
}

fn act(attempt: &mut Attempt<'_>, step: &Step, meta: &JobMeta) -> Result<(StepResult, Option<String>), Trouble> {
    let bounds = attempt.bounds(step);
    let run = if step.restarts_runner { Attempt::run_to_restart } else { Attempt::run };
    let result = match &step.action {
        StepAction::Run(argv) => result_of(run(attempt, argv, bounds)?.status),
        StepAction::Shell(script) => result_of(run(attempt, &shell(script), bounds)?.status),
        StepAction::Remove(path) => {
            super::lookup::directory(&attempt.dir).map_err(Trouble::refused)?;
            remove::remove(&attempt.dir, path).map_err(Trouble::refused)?;
            StepResult::Exited(0)
        }
        StepAction::Publish(what) => {
            publish::publish(attempt, what, &meta.hook, bounds)?;
            StepResult::Exited(0)
        }
        StepAction::Switch => {
            work_release::switch(attempt, meta, bounds)?;
            StepResult::Exited(0)
        }
        StepAction::Git(update) if attempt.plan.releases.is_some() => {
            let commit = work_release::make(attempt, update, meta, bounds)?;
            return Ok((StepResult::Exited(0), Some(commit)));
        }
        StepAction::Git(update) => {
            let commit = git::update(attempt, update, meta, bounds)?;
            return Ok((StepResult::Exited(0), Some(commit)));
        }
    };
    Ok((result, None))
}

/// The consequence of a step's end for the job.
fn judge(result: &mut JobResult, ended: &StepEnd, told: io::Result<()>) {
    let StepRecord { index, title, result: step, .. } = &ended.record;
    let outcome = match step {
        StepResult::Exited(0) | StepResult::Restarted => Outcome::Succeeded,
        StepResult::TimedOut(_) | StepResult::Silent(_) => Outcome::TimedOut,
        StepResult::Interrupted => Outcome::Interrupted,
        StepResult::Cancelled => Outcome::Cancelled,
        StepResult::Overtaken(_) => Outcome::Superseded,
        StepResult::Exited(_) | StepResult::Signalled(_) | StepResult::Refused(_) => Outcome::Failed,
    };
    let commit = result.commit.take();
    *result = match (outcome, told) {
        (Outcome::Succeeded, Ok(())) => return result.commit = commit,
        (Outcome::Succeeded, Err(error)) => failed(format!("cannot record step {index} ({title}): {error}"), true),
        (outcome, _) => {
            let colon = if matches!(step, StepResult::Refused(_) | StepResult::Overtaken(_)) { ":" } else { "" };
            let hint = ended.hint.as_ref().map_or_else(String::new, |hint| format!(": {hint}"));
            let reason = format!("step {index} ({title}){colon} {step}{hint}");
            JobResult { outcome, reason, transient: ended.transient, commit: None }
        }
    };
    result.commit = commit;
}

fn failed(reason: String, transient: bool) -> JobResult {
    JobResult { outcome: Outcome::Failed, reason, transient, commit: None }
}
