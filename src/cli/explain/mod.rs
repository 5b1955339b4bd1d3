//! Edge. `explain`: why a delivery would run, or not, and whether it is genuine. Reads what it is told to, and changes
//! nothing.

mod diagnosis;
mod request;
mod story;
#[cfg(test)]
mod tests;

use super::args::ExplainArgs;
use super::exit::{self, Failure};
use super::receive::load;
use super::{listing, print};
use crate::config::{Config, Hook};
use crate::intake::{Decision, admissible, decide, each, looks_like, mismatch, unmatched};
use crate::model::{Delivery, Event, Head};
use crate::spool;
use diagnosis::{Case, Key};
use jiff::Timestamp;
use request::Request;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use story::{EventStory, RuleStory, Signature, Story};

/// Largest file of headers.
const HEADERS_LIMIT_BYTES: u64 = 1 << 20;

/// Explains; exit 1 when nothing would run.
pub(super) fn run(config: Option<&Path>, args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let story = match config.hook(&args.subject) {
        Some(hook) => explain_delivery(&config, hook, args)?,
        None => explain_job(&config, &args.subject)?,
    };
    if args.json {
        print::json(&story)?;
    } else {
        story.lines().iter().try_for_each(|line| print::line(line))?;
    }
    Ok(ExitCode::from(if story.would_run { 0 } else { exit::NO }))
}

fn explain_delivery(config: &Config, hook: &Hook, args: &ExplainArgs) -> Result<Story, Failure> {
    let lines = args.headers.as_deref().map(|path| read(path, HEADERS_LIMIT_BYTES)).transpose()?;
    let body = body(args, config.body_limit_bytes)?;
    let request = Request::new(lines.as_deref(), body);
    let now = args.at.unwrap_or_else(Timestamp::now);
    let (keys, others) = keys(config, hook, now)?;
    let mut story = begun(hook, &request.head, request.remarks);
    if let Err(refusal) = admissible(hook, &request.head, config.body_limit_bytes) {
        story.remarks.push(refusal.reason);
        story.answer = answer_of(&refusal.reply);
    }
    let case = Case { provider: &hook.provider, head: &request.head, body: &request.body, now };
    story.signature = signature(case, &keys, &others);
    if !story.signature.ok {
        answer_unless_refused(&mut story, "403 signature missing or wrong".to_owned());
    }
    tell_events(&mut story, hook, &request.head, &request.body, |_| true);
    Ok(story.with_plan_of(hook))
}

fn begun(hook: &Hook, head: &Head, mut remarks: Vec<String>) -> Story {
    remarks.extend(mismatch(hook.provider.name(), &head.headers));
    Story {
        hook: hook.name.clone(),
        provider: hook.provider.name().to_owned(),
        looks_like: looks_like(&head.headers),
        body_bytes: head.content_length,
        media_type: head.media_type(),
        remarks,
        ..Story::default()
    }
}

fn answer_of(reply: &crate::model::Reply) -> String {
    format!("{} {}", reply.status.line().0, reply.text)
}

/// The hook's secrets, and those that somebody may have mistaken for them.
fn keys(config: &Config, hook: &Hook, now: Timestamp) -> Result<(Vec<Key>, Vec<Key>), Failure> {
    let (mut keys, mut expired) = (Vec::new(), Vec::new());
    for (number, one) in (1..).zip(&hook.secrets) {
        let unusable = |error| Failure::new(exit::NO_PERMISSION, format!("secret of hook `{}`: {error}", hook.name));
        let secret = one.source.read().map_err(unusable)?;
        let label = format!("secret {number} of this hook, {}", one.source.source_name());
        if one.counts_at(now) {
            keys.push(Key { secret, label });
        } else {
            expired.push(Key { secret, label: format!("{label}, which has expired") });
        }
    }
    let strangers = config.hooks.iter().filter(|other| other.name != hook.name);
    let sources = strangers.flat_map(|other| other.secrets.iter().map(move |one| (other, &one.source)));
    // A secret that whoever asks may not read explains nothing.
    let readable = sources.filter_map(|(other, source)| Some((other, source.read().ok()?)));
    let label = |name: &str| {
        format!(
            "the secret of hook `{name}`: the delivery was sent to the wrong hook, or the forge has the other secret"
        )
    };
    let others = readable.map(|(other, secret)| Key { secret, label: label(&other.name) });
    Ok((keys, expired.into_iter().chain(others).collect()))
}

fn signature(case: Case<'_>, keys: &[Key], others: &[Key]) -> Signature {
    let secrets: Vec<_> = keys.iter().map(|key| key.secret.clone()).collect();
    let signed = what_is_signed(case.provider.name(), case.head.is_form());
    match case.verify(&secrets) {
        Ok(verified) => {
            let label = keys.get(verified.secret_index()).map_or("nothing that is secret", |key| key.label.as_str());
            Signature { ok: true, signed, says: format!("matches {label}"), findings: Vec::new() }
        }
        Err(denied) => {
            let findings = diagnosis::findings(case, keys, others);
            Signature { ok: false, signed, says: denied.to_string(), findings }
        }
    }
}

/// For people: what a genuine delivery proves.
fn what_is_signed(provider: &str, is_form: bool) -> &'static str {
    match provider {
        "gitea" | "forgejo" | "gogs" if is_form => "the JSON inside the form",
        "gitlab" | "codeup" | "tencent-git" | "codearts" => "nothing: a shared token comes along",
        "gitee" => "the time, or nothing: a shared token comes along",
        "azure-devops" | "harbor" => "nothing: `Authorization` comes along",
        "docker-hub" => "nothing: the address is the secret",
        _ if is_form => "the form as it was sent",
        _ => "the body as it was sent",
    }
}

/// What the delivery says, and what the rules say of that, whether it is genuine or not.
fn tell_events(story: &mut Story, hook: &Hook, head: &Head, body: &[u8], wanted: impl Fn(&Event) -> bool) {
    let read = hook.provider.read_unverified(head, &mut &*body);
    let fields = unmatched(&hook.rules.fields, hook.provider.document(head.is_form(), &mut &*body));
    let (delivery, fields) = match read.and_then(|delivery| Ok((delivery, fields?))) {
        Ok(both) => both,
        Err(malformed) => {
            story.remarks.push(malformed.to_string());
            return answer_unless_refused(story, "400 malformed payload".to_owned());
        }
    };
    match delivery {
        Delivery::Ping => answer_unless_refused(story, "200 pong".to_owned()),
        Delivery::Ignored(why) => answer_unless_refused(story, format!("200 ignored: {why}")),
        Delivery::Events(events) => {
            let events = events.iter().filter(|event| wanted(event));
            story.events = events.map(|event| tell(hook, event, fields.as_deref())).collect();
            let runs = story.events.iter().any(|event| event.runs);
            let ignored = story.events.iter().flat_map(|event| &event.rules).find_map(|rule| rule.why.clone());
            story.would_run = runs && story.answer.is_empty();
            let answer =
                if runs { "202 queued".to_owned() } else { format!("200 ignored: {}", ignored.unwrap_or_default()) };
            answer_unless_refused(story, answer);
        }
    }
}

/// The first reason not to is the answer.
fn answer_unless_refused(story: &mut Story, answer: String) {
    if story.answer.is_empty() {
        story.answer = answer;
    }
}

fn tell(hook: &Hook, event: &Event, unmatched: Option<&str>) -> EventStory {
    let rules = each(&hook.rules, event, unmatched);
    let rules = rules.map(|(rule, why)| RuleStory { rule, wanted: why.is_none(), why }).collect();
    let note = match decide(&hook.rules, event, unmatched) {
        Decision::Run { note } => note,
        Decision::Ignore(_) => None,
    };
    EventStory::new(event, rules, note)
}

/// A job's delivery was found genuine before it was queued, and its file is sealed; its signature is not kept.
fn explain_job(config: &Config, text: &str) -> Result<Story, Failure> {
    let id = match listing::find(&config.spool, text) {
        Ok(id) => id,
        Err(failure) => return Err(no_subject(config, text, failure)),
    };
    let gone = || Failure::new(exit::NO, format!("no job `{text}`; `hookspool list` shows which there are"));
    let shown = spool::show(&config.spool, id).map_err(listing::unreadable)?.ok_or_else(gone)?;
    let damaged = || Failure::new(exit::NO, format!("the file of job {id} is damaged; `hookspool show {id}` says why"));
    let meta = shown.meta.as_ref().ok_or_else(damaged)?;
    let hook = config.hook(&meta.hook).ok_or_else(|| {
        let why = format!("hook `{}` is gone from the configuration: the runner puts job {id} on hold", meta.hook);
        Failure::new(exit::NO, why)
    })?;
    let mut body = Vec::new();
    let payload = spool::payload(&config.spool, id).map_err(listing::unreadable)?.ok_or_else(gone)?;
    payload
        .take(config.body_limit_bytes)
        .read_to_end(&mut body)
        .map_err(|error| Failure::io("cannot read the payload", &error))?;
    let headers = meta.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let head = request::head(headers, meta.content_type.clone(), body.len());
    let mut story = begun(hook, &head, Vec::new());
    let outcome = shown.view.outcome.map(|outcome| format!(", {}", outcome.as_str())).unwrap_or_default();
    story.job = Some(format!("{id}, {}{outcome}", shown.view.state.as_str()));
    story.signature = Signature {
        ok: true,
        signed: what_is_signed(&meta.provider, head.is_form()),
        says: format!("found so at {}, before the job was queued; it is not kept", meta.arrived_at),
        findings: Vec::new(),
    };
    tell_events(&mut story, hook, &head, &body, |event| event.reference == meta.reference && event.kind == meta.event);
    Ok(story.with_plan_of(hook))
}

/// The text is neither a hook nor a job.
fn no_subject(config: &Config, text: &str, failure: Failure) -> Failure {
    if failure.code != exit::NO {
        return failure;
    }
    let names: Vec<&str> = config.hooks.iter().map(|hook| hook.name.as_str()).collect();
    Failure::new(exit::USAGE, format!("no hook and no job `{text}`; the hooks are: {}", names.join(", ")))
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
