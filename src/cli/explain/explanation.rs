//! Pure. The explanation of a delivery: one value, for people and for programs.

use crate::config::{Hook, Step, StepAction};
use crate::model::{Event, RefName, without_credentials};
use crate::runner::steps::own_action;
use serde::Serialize;

/// Everything that is known of a delivery and this configuration.
#[derive(Debug, Default, Serialize)]
pub(super) struct Explanation {
    pub(super) hook: String,
    pub(super) provider: String,
    /// The job that was explained, with its state and outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) job: Option<String>,
    pub(super) looks_like: Option<&'static str>,
    pub(super) body_bytes: u64,
    pub(super) media_type: String,
    pub(super) remarks: Vec<String>,
    pub(super) signature: Signature,
    pub(super) events: Vec<EventExplanation>,
    pub(super) answer: String,
    pub(super) would_run: bool,
    pub(super) queue: String,
    pub(super) dir: String,
    pub(super) steps: Vec<String>,
}

/// Result of the signature check.
#[derive(Debug, Default, Serialize)]
pub(super) struct Signature {
    pub(super) ok: bool,
    /// The signed part of the delivery.
    pub(super) signed: &'static str,
    /// The secret that matched, or why none does.
    pub(super) says: String,
    /// Known mistakes that explain it.
    pub(super) findings: Vec<String>,
}

/// One event of the delivery, and each rule's word on it.
#[derive(Debug, Serialize)]
pub(super) struct EventExplanation {
    pub(super) event: String,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) after: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) delivery: Option<String>,
    pub(super) runs: bool,
    /// The rule that decided, where one did not want it.
    pub(super) decided_by: Option<&'static str>,
    pub(super) rules: Vec<RuleResult>,
    pub(super) note: Option<String>,
}

/// A rule's word.
#[derive(Debug, Serialize)]
pub(super) struct RuleResult {
    pub(super) rule: &'static str,
    pub(super) wanted: bool,
    pub(super) why: Option<String>,
}

impl EventExplanation {
    pub(super) fn new(event: &Event, rules: Vec<RuleResult>, note: Option<String>) -> Self {
        let decided_by = rules.iter().find(|rule| !rule.wanted).map(|rule| rule.rule);
        Self {
            event: event.kind.as_str().to_owned(),
            reference: event.reference.as_ref().map(|name| RefName::as_str(name).to_owned()),
            after: event.after.clone(),
            repository: event.repository.clone(),
            delivery: event.delivery.clone(),
            runs: decided_by.is_none(),
            decided_by,
            rules,
            note,
        }
    }

    /// The reason of the first rule that refuses it.
    pub(super) fn reason(&self) -> Option<&str> {
        self.rules.iter().find_map(|rule| rule.why.as_deref())
    }

    fn heading(&self) -> String {
        let parts =
            [("of", &self.reference), ("to", &self.after), ("in", &self.repository), ("delivery", &self.delivery)];
        let known = parts.iter().filter_map(|(word, value)| Some(format!(" {word} {}", value.as_ref()?)));
        known.fold(self.event.clone(), |text, part| text + &part)
    }
}

impl Explanation {
    /// The same with the hook's queue, directory and steps.
    pub(super) fn with_plan_of(mut self, hook: &Hook) -> Self {
        self.queue.clone_from(&hook.plan.queue);
        self.dir = hook.plan.dir.display().to_string();
        self.steps = hook.plan.steps.iter().map(step).collect();
        self
    }

    /// The lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![line("hook", &format!("{} (provider {})", self.hook, self.provider))];
        lines.extend(self.job.as_ref().map(|job| line("job", job)));
        let looks_like = self.looks_like.map_or("no known provider, by its headers", |name| name);
        lines.push(line("looks like", looks_like));
        lines.push(line("body", &format!("{} bytes, {}", self.body_bytes, self.media_type)));
        lines.extend(self.remarks.iter().map(|remark| line("remark", remark)));
        lines.push(line("signed", self.signature.signed));
        let verdict = if self.signature.ok { "valid" } else { "not valid" };
        lines.push(line("signature", &format!("{verdict}: {}", self.signature.says)));
        lines.extend(self.signature.findings.iter().map(|finding| line("finding", finding)));
        self.events.iter().for_each(|event| event_lines(event, &mut lines));
        lines.push(line("answer", &self.answer));
        if self.would_run {
            lines.push(line("would run", &format!("in {}, queue {}", self.dir, self.queue)));
            lines.extend((1..).zip(&self.steps).map(|(number, step)| line("", &format!("{number}. {step}"))));
        } else {
            lines.push(line("would run", "nothing"));
        }
        lines
    }
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<11} {text}")
}

fn event_lines(event: &EventExplanation, lines: &mut Vec<String>) {
    lines.push(line("event", &event.heading()));
    for rule in &event.rules {
        let decided = if event.decided_by == Some(rule.rule) { "  <- decides" } else { "" };
        let word = rule.why.as_deref().map_or_else(|| "passes".to_owned(), |why| format!("no: {why}"));
        lines.push(line("", &format!("{:<11} {word}{decided}", rule.rule)));
    }
    lines.extend(event.note.as_ref().map(|note| line("note", note)));
}

fn step(step: &Step) -> String {
    let what = match &step.action {
        StepAction::Git(git) => {
            let from = git.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
            format!("{}{from}", own_action(&step.action))
        }
        StepAction::Run(arguments) => format!("run {arguments:?}"),
        StepAction::Shell(command) => format!("shell {command}"),
        own => own_action(own),
    };
    let shown = without_credentials(&what);
    if step.always { format!("{shown} (always)") } else { shown }
}
