//! Edge. Brings goals about, one after the other; one that is a fact already is left as it is.

mod answers;
mod checked;
mod command;
mod cron;
mod file;
mod people;
mod place;
mod ssh;
mod write;

pub(super) use answers::answers;

use super::goal::{Answers, Goal};
use crate::cli::exit::Failure;
use crate::cli::print;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The state of a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GoalState {
    /// It is a fact; the words say more, where there is more to say.
    AsIs(String),
    ToDo,
}

impl GoalState {
    /// It is as it should be.
    fn good() -> Self {
        Self::AsIs(String::new())
    }

    fn of(is_good: bool) -> Self {
        if is_good { Self::good() } else { Self::ToDo }
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub(super) struct RunReport {
    /// Number of goals that were brought about, or would be.
    pub(super) changes: usize,
    /// The reason why the hook does not answer at its URL.
    pub(super) silence: Option<String>,
    /// Files that were written, or would be.
    written: BTreeSet<PathBuf>,
}

/// Brings all of `goals` about, and says so line by line. The first that cannot be ends it.
pub(super) fn carry_out(goals: &[Goal]) -> Result<RunReport, Failure> {
    let mut report = RunReport::default();
    for goal in goals {
        if let Goal::Answers(it) = goal {
            report.silence = answer(it, goal)?;
            continue;
        }
        match state(goal, &report)? {
            GoalState::AsIs(more) => say("as is", goal, &more)?,
            GoalState::ToDo => {
                let more = bring_about(goal)?;
                report.note(goal);
                say("done", goal, &more)?;
            }
        }
    }
    Ok(report)
}

/// Says what `carry_out` would do, and shows every file in full. What it would refuse is named, too.
pub(super) fn show(goals: &[Goal]) -> Result<RunReport, Failure> {
    let mut report = RunReport::default();
    for goal in goals {
        match state(goal, &report) {
            Ok(GoalState::AsIs(more)) => say("as is", goal, &more)?,
            Ok(GoalState::ToDo) => {
                report.note(goal);
                say("would do", goal, "")?;
                show_detail(goal)?;
            }
            Err(refusal) => {
                report.silence = Some(refusal.text.clone());
                say("refused", goal, &refusal.text)?;
            }
        }
    }
    Ok(report)
}

impl RunReport {
    fn note(&mut self, goal: &Goal) {
        self.changes += 1;
        self.written.extend(goal.files());
    }
}

fn say(label: &str, goal: &Goal, more: &str) -> Result<(), Failure> {
    let more = if more.is_empty() { String::new() } else { format!(": {more}") };
    print::labelled(label, &format!("{}{more}", goal.title()))
}

fn show_detail(goal: &Goal) -> Result<(), Failure> {
    if let Goal::Checked { parts, .. } = goal {
        for part in parts {
            print::line(&format!("         {}", part.title()))?;
            show_detail(part)?;
        }
    }
    goal.detail().lines().try_for_each(|line| print::line(&format!("         | {line}")))
}

/// An answer that does not come is no reason to withhold the words at the end.
fn answer(it: &Answers, goal: &Goal) -> Result<Option<String>, Failure> {
    match answers::wait_for(it) {
        Ok(had_to_be_helped) => {
            say(if had_to_be_helped { "done" } else { "as is" }, goal, "")?;
            Ok(None)
        }
        Err(why) => {
            say("FAILED", goal, &why)?;
            Ok(Some(why))
        }
    }
}

fn state(goal: &Goal, report: &RunReport) -> Result<GoalState, Failure> {
    match goal {
        Goal::User { name, .. } => Ok(GoalState::of(people::is_user(name))),
        Goal::Member { user, group } => Ok(GoalState::of(people::is_member(user, group))),
        Goal::Directory(it) => file::of_directory(it),
        Goal::File(it) => file::of_text(it),
        Goal::Secret(it) => file::of_secret(it),
        Goal::Program { from, to } => file::of_program(from, to),
        Goal::Link { at, to } => file::of_link(at, to),
        Goal::Line { file, line } => file::of_line(file, line),
        Goal::Checked { parts, .. } => checked::state(parts, report),
        Goal::Command(it) => Ok(command::state(it, &report.written)),
        Goal::Cron { line, .. } => cron::state(line),
        Goal::Key { file, .. } => Ok(GoalState::of(file.exists())),
        Goal::KnownHost(it) => Ok(ssh::of_host(it)),
        Goal::Spool { spool, .. } => Ok(GoalState::of(spool.join("queued").is_dir())),
        Goal::Answers(it) => Ok(GoalState::of(answers::answers(&it.at).is_ok())),
    }
}

/// Does it; the words say what a person should know of it.
fn bring_about(goal: &Goal) -> Result<String, Failure> {
    let nothing = |()| String::new();
    match goal {
        Goal::User { name, home } => people::make_user(name, home).map(nothing),
        Goal::Member { user, group } => people::join(user, group).map(nothing),
        Goal::Directory(it) => file::make_directory(it).map(nothing),
        Goal::File(it) => file::write_text(it).map(nothing),
        Goal::Secret(it) => file::write_secret(it).map(nothing),
        Goal::Program { from, to } => file::copy_program(from, to).map(nothing),
        Goal::Link { at, to } => file::link(at, to).map(nothing),
        Goal::Line { file, line } => file::append(file, line).map(nothing),
        Goal::Checked { parts, check } => checked::bring_about(parts, check).map(nothing),
        Goal::Command(it) => command::run(&it.run).map(nothing),
        Goal::Cron { line, owner } => cron::add(line, owner).map(nothing),
        Goal::Key { file, owner } => ssh::make_key(file, owner).map(nothing),
        Goal::KnownHost(it) => ssh::learn_host(it),
        Goal::Spool { run, .. } => command::run(run).map(nothing),
        Goal::Answers(_) => Ok(String::new()),
    }
}
