//! Edge. `explain`: why a delivery would run, or not, and whether it is genuine. Reads what it is told to, and changes
//! nothing.

mod diagnosis;
mod explanation;
mod job;
mod keys;
mod request;
mod rewritten;
#[cfg(test)]
mod tests;

use super::args::ExplainArgs;
use super::exit::{self, Failure};
use super::load::load;
use super::print;
use crate::config::{Config, Hook};
use crate::intake::{Decision, admissible, as_form, decide, denied, each, looks_like, mismatch, unmatched};
use crate::model::{Delivery, Event, Head};
use crate::provider::{Denied, Malformed, ReadOptions};
use diagnosis::{Case, LabelledSecret};
use explanation::{EventExplanation, Explanation, RuleResult, Signature};
use jiff::Timestamp;
use request::GivenRequest;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

/// Largest file of headers.
const HEADERS_LIMIT_BYTES: u64 = 1 << 20;
/// The answer to a provider's test.
const PONG: &str = "200 pong";

/// Explains; exit 1 when nothing would run.
pub(super) fn run(config: Option<&Path>, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let explanation = match config.hook(&args.subject) {
        Some(hook) => explain_delivery(&config, hook, args)?,
        None => job::explain_job(&config, &args.subject)?,
    };
    if args.json {
        print::json(&explanation)?;
    } else {
        explanation.lines().iter().try_for_each(|line| print::line(line))?;
    }
    Ok(ExitCode::from(if explanation.would_run { 0 } else { exit::NO }))
}

fn explain_delivery(config: &Config, hook: &Hook, args: &ExplainArgs) -> Result<Explanation, Failure> {
    let lines = args.headers.as_deref().map(|path| read(path, HEADERS_LIMIT_BYTES)).transpose()?;
    let body = body(args, config.body_limit_bytes)?;
    let mut request = GivenRequest::new(lines.as_deref(), body);
    let now = args.at.unwrap_or_else(Timestamp::now);
    let (keys, others) = keys::keys(config, hook, now)?;
    let mut explanation = begun(hook, &request.head, request.remarks);
    if let Err(refusal) = admissible(hook, &request.head, config.body_limit_bytes) {
        explanation.remarks.push(refusal.reason);
        explanation.answer = answer_of(&refusal.reply);
    } else if let Some((head, query)) = as_form(&request.head) {
        (request.head, request.body) = (head, query);
    }
    let case = Case { provider: &hook.provider, head: &request.head, body: &request.body, now };
    explanation.signature = signature(case, &keys, &others);
    let secrets: Vec<_> = keys.iter().map(|key| key.secret.clone()).collect();
    match case.verify(&secrets) {
        _ if hook.provider.is_unsigned_test(&request.head) => answer_unless_refused(&mut explanation, PONG.to_owned()),
        Err(Denied::UnsignedTest) => answer_unless_refused(&mut explanation, PONG.to_owned()),
        Err(error) => answer_unless_refused(&mut explanation, answer_of(&denied(&error, hook, &request.head).reply)),
        Ok(_) => {}
    }
    tell_events(&mut explanation, hook, &request.head, &request.body, |_| true);
    Ok(explanation.with_plan_of(hook))
}

fn begun(hook: &Hook, head: &Head, mut remarks: Vec<String>) -> Explanation {
    remarks.extend(mismatch(&hook.provider, &head.headers));
    Explanation {
        hook: hook.name.clone(),
        provider: hook.provider.name().to_owned(),
        looks_like: looks_like(&head.headers),
        body_bytes: head.content_length.unwrap_or(0),
        media_type: head.media_type(),
        remarks,
        ..Explanation::default()
    }
}

fn answer_of(reply: &crate::model::Reply) -> String {
    format!("{} {}", reply.status.line().0, reply.text)
}

fn signature(case: Case<'_>, keys: &[LabelledSecret], others: &[LabelledSecret]) -> Signature {
    let secrets: Vec<_> = keys.iter().map(|key| key.secret.clone()).collect();
    let signed = case.provider.signed_part(case.head);
    match case.verify(&secrets) {
        Ok(verified) => {
            let label = keys.get(verified.secret_index()).map_or("nothing that is secret", |key| key.label.as_str());
            Signature { ok: true, signed, says: format!("matches {label}"), findings: Vec::new() }
        }
        Err(denied) => {
            let mut findings = diagnosis::findings(case, keys, others);
            if findings.is_empty() && matches!(denied, Denied::Wrong { .. }) {
                findings.push("no known mistake explains it: give the forge the secret once more".to_owned());
            }
            Signature { ok: false, signed, says: denied.to_string(), findings }
        }
    }
}

/// Adds the events and the rules' decisions, whether the signature is valid or not.
fn tell_events(explanation: &mut Explanation, hook: &Hook, head: &Head, body: &[u8], wanted: impl Fn(&Event) -> bool) {
    let answer = match judged(hook, head, body, wanted) {
        Ok(Judged::Answer(answer)) => answer,
        Ok(Judged::Events(events)) => {
            explanation.events = events;
            match reasons(&explanation.events) {
                None => {
                    explanation.would_run = explanation.answer.is_empty();
                    "202 queued".to_owned()
                }
                Some(reasons) => format!("200 ignored: {reasons}"),
            }
        }
        Err(malformed) => {
            explanation.remarks.push(malformed.to_string());
            "400 malformed payload".to_owned()
        }
    };
    answer_unless_refused(explanation, answer);
}

/// The result of a delivery regardless of its signature.
enum Judged {
    /// This reply, whatever the rules are.
    Answer(String),
    /// Events, with each rule's word.
    Events(Vec<EventExplanation>),
}

fn judged(hook: &Hook, head: &Head, body: &[u8], wanted: impl Fn(&Event) -> bool) -> Result<Judged, Malformed> {
    let reading = ReadOptions { keep_paths: true, ..hook.reading.clone() };
    let events = match hook.provider.read_unverified(head, &mut &*body, &reading)? {
        Delivery::Ping => return Ok(Judged::Answer(PONG.to_owned())),
        Delivery::Ignored(why) => return Ok(Judged::Answer(format!("200 ignored: {why}"))),
        Delivery::Events(events) => events,
    };
    let unmatched = unmatched(&hook.rules.fields, &hook.provider, head, &mut &*body)?;
    let events = events.iter().filter(|event| wanted(event));
    Ok(Judged::Events(events.map(|event| tell(hook, event, unmatched.as_deref())).collect()))
}

/// The reasons why no event matches, as sent to the forge; `None` if one matches.
fn reasons(events: &[EventExplanation]) -> Option<String> {
    if events.is_empty() {
        return Some("as the hook is today, no such event is read out of it".to_owned());
    }
    let mut reasons: Vec<&str> = events.iter().map(EventExplanation::reason).collect::<Option<_>>()?;
    reasons.dedup();
    Some(reasons.join("; "))
}

/// The first reason not to is the answer.
fn answer_unless_refused(explanation: &mut Explanation, answer: String) {
    if explanation.answer.is_empty() {
        explanation.answer = answer;
    }
}

fn tell(hook: &Hook, event: &Event, unmatched: Option<&str>) -> EventExplanation {
    let rules = each(&hook.rules, event, unmatched);
    let rules = rules.map(|(rule, why)| RuleResult { rule, wanted: why.is_none(), why }).collect();
    let note = match decide(&hook.rules, event, unmatched) {
        Decision::Run { note } => note,
        Decision::Ignore(_) => None,
    };
    EventExplanation::new(event, rules, note)
}

fn body(args: &ExplainArgs, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    match args.body.as_deref() {
        Some(path) if path.as_os_str() != "-" => read(path, limit_bytes),
        None if io::stdin().is_terminal() => {
            Err(Failure::new(exit::USAGE, "name the file that holds the delivery's body, or `-` for standard input"))
        }
        _ => limited(io::stdin().lock(), "standard input", limit_bytes),
    }
}

fn read(path: &Path, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    let name = format!("`{}`", path.display());
    let file = File::open(path).map_err(|error| Failure::io(format!("cannot open {name}"), &error))?;
    limited(file, &name, limit_bytes)
}

fn limited(source: impl Read, name: &str, limit_bytes: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One more shows that there is more, which the receiver would refuse.
    source
        .take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::io(format!("cannot read {name}"), &error))?;
    Ok(bytes)
}
