//! Pure. Results of steps and attempts, and the words for them.

use crate::config::{Plan, Step, StepAction};
use crate::model::{Outcome, without_credentials};
use std::fmt;
use std::time::Duration;

/// Exit status by which a step asks to be retried (`EX_TEMPFAIL` of sysexits).
pub const TRY_AGAIN: i32 = 75;
/// Longest title in characters.
const TITLE_LIMIT: usize = 100;

/// A list of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// `steps`.
    Steps,
    /// `on_failure`.
    OnFailure,
    /// `on_success`.
    OnSuccess,
    /// `on_recovery`.
    OnRecovery,
    /// `always`.
    Always,
    /// The steps of `steps` that follow the switch, run once more after a switch back.
    Rollback,
}

impl List {
    /// Every list of the configuration, in the order in which they run.
    pub const ALL: [Self; 5] = [Self::Steps, Self::OnFailure, Self::OnSuccess, Self::OnRecovery, Self::Always];

    /// The key of the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::OnFailure => "on_failure",
            Self::OnSuccess => "on_success",
            Self::OnRecovery => "on_recovery",
            Self::Always => "always",
            Self::Rollback => "rollback",
        }
    }

    /// Its steps.
    pub fn of(self, plan: &Plan) -> &[Step] {
        match self {
            Self::Steps => &plan.steps,
            Self::OnFailure => &plan.on_failure,
            Self::OnSuccess => &plan.on_success,
            Self::OnRecovery => &plan.on_recovery,
            Self::Always => &plan.always,
            Self::Rollback => plan.after_switch(),
        }
    }
}

/// The limit that a step ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLimit {
    /// `timeout` of the step.
    Step(Duration),
    /// `timeout` of the hook, which is for the whole attempt.
    Hook(Duration),
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(time) => write!(f, "after {} (`timeout` of the step)", typed(*time)),
            Self::Hook(time) => write!(f, "after {} for the whole job (`timeout` of the hook)", typed(*time)),
        }
    }
}

/// A duration as the configuration would have it.
fn typed(time: Duration) -> String {
    match time.as_secs() {
        _ if time.subsec_nanos() > 0 => format!("{time:?}"),
        seconds if seconds > 0 && seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds > 0 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

/// The likely cause behind an exit status or signal, where there is one.
fn likely_cause(result: &StepResult) -> &'static str {
    match result {
        StepResult::Exited(137) | StepResult::Signalled(9) => {
            ": killed, perhaps since memory ran out; `dmesg -T | grep -i oom` tells"
        }
        StepResult::Exited(126) => ": the shell may not execute a program; see its mode and its first line",
        StepResult::Exited(127) => {
            ": the shell found no such program; the runner's PATH is not that of your shell: write the whole path, \
             or set PATH where the runner starts"
        }
        StepResult::Exited(139) | StepResult::Signalled(11) => ": it crashed (SIGSEGV)",
        StepResult::Exited(143) | StepResult::Signalled(15) => ": somebody ended it (SIGTERM)",
        _ => "",
    }
}

/// The end of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepResult {
    /// It exited by itself; 0 also for a removal or a git update that did.
    Exited(i32),
    /// A signal ended it, and not by our doing.
    Signalled(i32),
    /// It took longer than it or the job may, and was ended.
    TimedOut(TimeLimit),
    /// It printed nothing for so long, and was ended.
    Silent(Duration),
    /// The runner had to stop, and ended it.
    Interrupted,
    /// A person cancelled the job while it ran.
    Cancelled,
    /// The runner had to stop, which is what the step was for; it was left to itself.
    Restarted,
    /// The purpose of the job has been overtaken: nothing is to be done, for the reason in words.
    Overtaken(String),
    /// It could not begin, or could not be done: the reason, in words.
    Refused(String),
}

impl fmt::Display for StepResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(0) => f.write_str("ok"),
            Self::Exited(code) => write!(f, "exited with {code}{}", likely_cause(self)),
            Self::Signalled(signal) => write!(f, "was ended by signal {signal}{}", likely_cause(self)),
            Self::TimedOut(limit) => write!(f, "timed out {limit}"),
            Self::Silent(time) => write!(f, "timed out: it printed nothing for {} (`silence`)", typed(*time)),
            Self::Interrupted => f.write_str("was interrupted, since the runner had to stop"),
            Self::Cancelled => f.write_str("was cancelled"),
            Self::Restarted => f.write_str("restarts the runner"),
            Self::Overtaken(reason) | Self::Refused(reason) => f.write_str(reason),
        }
    }
}

/// One step that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Its place in its list, from 1.
    pub index: usize,
    /// Its description, in one line without control characters.
    pub title: String,
    /// Its list.
    pub list: List,
    /// Its result.
    pub result: StepResult,
    /// Its duration.
    pub duration: Duration,
    /// The box that it ran in, in words.
    pub confined: Option<String>,
}

/// News that has to be written down before the next thing happens.
#[derive(Debug, Clone, Copy)]
pub enum StepNews<'a> {
    /// The step that may restart the runner is about to begin.
    Restarts,
    /// A step ended.
    Ended(&'a StepRecord),
}

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobResult {
    /// `Succeeded`, `Failed`, `TimedOut`, `Interrupted`, `Superseded` or `Cancelled`.
    pub outcome: Outcome,
    /// The reason, in one line; empty when it succeeded.
    pub reason: String,
    /// `true` if the failure is of a kind that passes by itself: a step asked to be retried (exit 75), another git held
    /// a lock, or the network failed.
    pub transient: bool,
    /// The commit that the last `git = "update"` moved the work tree to, hex.
    pub commit: Option<String>,
}

/// An action that is ours, in words; empty for a program's.
pub fn own_action(action: &StepAction) -> String {
    match action {
        StepAction::Git(_) => "git update".to_owned(),
        StepAction::Remove(path) => format!("remove {}", path.display()),
        StepAction::Publish(publish) => format!("publish {} to {}", publish.from.display(), publish.to.display()),
        StepAction::Switch => "switch current".to_owned(),
        StepAction::Run(_) | StepAction::Shell(_) => String::new(),
    }
}

/// The description of a step in one line, without control characters. It reaches logs, histories and tables, so the
/// credentials of URLs are not in it.
pub fn title(step: &Step) -> String {
    let full = match &step.action {
        StepAction::Run(argv) => argv.join(" "),
        StepAction::Shell(script) => script.clone(),
        own => own_action(own),
    };
    let line: String = without_credentials(&full).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(TITLE_LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Confining;

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        let shell = |script: &str| StepAction::Shell(script.to_owned());
        let step = |script: &str| Step {
            action: shell(script),
            timeout: None,
            silence: None,
            env: Vec::new(),
            confining: Confining::AsHook,
            always: false,
            restarts_runner: false,
        };
        assert_eq!(title(&step("a\n\u{1b}[31mb")), "a  [31mb");
        assert_eq!(title(&step(&"é".repeat(500))).chars().count(), TITLE_LIMIT + 1);
        assert_eq!(title(&step("git clone https://ghp_TOKEN@h/x.git")), "git clone https://h/x.git");
        let cut_within = format!("{} https://ghp_TOKEN@h/x", "a".repeat(TITLE_LIMIT - 12));
        assert!(!title(&step(&cut_within)).contains("ghp_"), "hidden before the line is cut");
    }
}
