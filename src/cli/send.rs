//! Edge. `send`: a signed test delivery, shaped as the hook's provider shapes it.

use super::args::{SendArgs, SendEvent};
use super::exit::{self, Failure};
use super::jobs::no_such_hook;
use super::load::load;
use super::print;
use super::test_reply::{TestReply, is_ours};
use super::wanted_sample;
use crate::config::Hook;
use crate::model::{JobId, RefName, without_credentials};
use crate::provider::{SampleEvent, SamplePush, Secret};
use crate::system::authorities::client;
use crate::system::errno::words;
use crate::system::random::random_bytes;
use clap::ValueEnum;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Sends, and prints the reply. Exit 1 when it starts no job (of a ping: when it is no 2xx), 69 when nobody answers.
pub(super) fn run(config: Option<&Path>, args: &SendArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let hook = config.hook(&args.hook).ok_or_else(|| no_such_hook(&config, &args.hook))?;
    let url = args.url.as_deref().ok_or_else(|| {
        let why = "`--url` is missing: only your web server knows the address of the hook";
        Failure::new(exit::USAGE, format!("{why}; as in `--url https://example.org/hooks/{}`", hook.name))
    })?;
    refuse_without_scheme(url)?;
    let delivery = delivery(hook, args)?;
    let answer = post(&address(hook, url)?, url, &delivery)?;
    let TestReply { status, text, is_ours } = &answer;
    let jobs = queued(*status, text);
    if args.json {
        print::json(&serde_json::json!({
            "hook": hook.name, "url": without_credentials(url), "status": status, "text": text, "jobs": jobs,
            "from_hookspool": is_ours, "remedy": answer.remedy(),
        }))?;
    } else {
        print::line(&answer.line())?;
    }
    let status = *status;
    let is_ping = event(hook, args) == SendEvent::Ping && (200..300).contains(&status);
    Ok(ExitCode::from(if answer.is_ours && (is_ping || status == ACCEPTED) { 0 } else { exit::NO }))
}

/// The ids of the jobs that the reply tells of.
fn queued(status: u16, text: &str) -> Vec<JobId> {
    let ids = text.strip_prefix("queued ").filter(|_| status == ACCEPTED);
    ids.map(|ids| ids.split(' ').filter_map(|id| id.parse().ok()).collect()).unwrap_or_default()
}

/// Refuses what does not begin like a URL. It is not repeated: without a scheme nothing tells a host from a password.
fn refuse_without_scheme(typed: &str) -> Result<(), Failure> {
    let scheme = typed.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if matches!(scheme.as_deref(), Some("http" | "https")) {
        return Ok(());
    }
    Err(Failure::new(exit::USAGE, "`--url` must begin with `http://` or `https://`"))
}

/// The URL to send to: `typed`, with the secret where it is a part of the address.
fn address(hook: &Hook, typed: &str) -> Result<String, Failure> {
    if !hook.provider.secret_in_path() {
        return Ok(typed.to_owned());
    }
    let secret = secret(hook)?;
    let text = String::from_utf8_lossy(secret.bytes());
    let typed = typed.trim_end_matches('/');
    Ok(if typed.ends_with(&*text) { typed.to_owned() } else { format!("{typed}/{text}") })
}

/// Headers and body of the request.
struct TestDelivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A delivery with fresh commit ids: `before` and `after` must differ, or it is a test delivery that never runs.
fn delivery(hook: &Hook, args: &SendArgs) -> Result<TestDelivery, Failure> {
    let no_random = |error: rustix::io::Errno| Failure::io("cannot get random bytes", &error.into());
    let random_commit = || random_bytes::<20>().map(hex::encode).map_err(no_random);
    let secret = secret(hook)?;
    let event = event(hook, args);
    let reference = reference(hook, event, args)?;
    let branch = branch(hook, args);
    let repository = args.repository.as_deref().or(hook.rules.repository.as_deref());
    let push = SamplePush {
        repository: repository.unwrap_or("hookspool/test"),
        branch: reference.branch().unwrap_or(&branch),
        before: &random_commit()?,
        after: &random_commit()?,
        pusher: "hookspool-send",
        secret: Some(&secret),
    };
    let sample = hook.provider.sample(kind(event), &reference, &push).ok_or_else(|| cannot(hook, event, &push))?;
    let now = jiff::Timestamp::now();
    let body = match &args.body {
        Some(path) => given(path)?,
        None => wanted_sample::with_fields(sample.body, &hook.rules.fields),
    };
    let signed = hook.provider.sign(&secret, &body, sample.event, &random_commit()?, now);
    let mut headers = signed.map_err(|error| Failure::new(exit::CONFIGURATION, error))?;
    if let Some(name) = &hook.reading.delivery_header {
        headers.push((name.clone(), random_commit()?));
    }
    if args.body.is_some() && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_err() {
        let content_type = if body.starts_with(b"<") { "text/xml" } else { "application/x-www-form-urlencoded" };
        headers
            .iter_mut()
            .filter(|(name, _)| name == "Content-Type")
            .for_each(|(_, value)| *value = content_type.into());
    }
    headers.extend(args.host.as_ref().map(|host| ("Host".to_owned(), host.clone())));
    Ok(TestDelivery { headers, body })
}

/// The body in a file, or on standard input.
fn given(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().read_to_end(&mut body).map(drop)
    } else {
        std::fs::read(path).map(|bytes| body = bytes)
    };
    read.map(|()| body).map_err(|error| Failure::io(format!("cannot read `{}`", path.display()), &error))
}

fn branch(hook: &Hook, args: &SendArgs) -> String {
    args.branch.clone().unwrap_or_else(|| wanted_sample::branch(hook))
}

/// A hook whose jobs come from other hosts.
fn no_delivery(hook: &Hook) -> Failure {
    let (name, from) = (&hook.name, hook.from.join(", "));
    Failure::new(exit::USAGE, format!("hook `{name}` takes jobs from {from}, and no deliveries: send one there"))
}

fn secret(hook: &Hook) -> Result<Secret, Failure> {
    let first = hook.secrets.first().ok_or_else(|| no_delivery(hook))?;
    let unusable = |error| Failure::new(exit::NO_PERMISSION, format!("secret of hook `{}`: {error}", hook.name));
    first.source.read().map_err(unusable)
}

/// The event on the command line, or else the first of the hook's `events`.
fn event(hook: &Hook, args: &SendArgs) -> SendEvent {
    let wanted = || hook.rules.events.iter().find_map(|word| SendEvent::from_str(word, false).ok());
    args.event.or_else(wanted).unwrap_or(SendEvent::Push)
}

fn kind(event: SendEvent) -> SampleEvent {
    match event {
        SendEvent::Push | SendEvent::Tag => SampleEvent::Push,
        SendEvent::Delete => SampleEvent::Delete,
        SendEvent::Merge => SampleEvent::Merge,
        SendEvent::Release => SampleEvent::Release,
        SendEvent::Released => SampleEvent::Released,
        SendEvent::Package => SampleEvent::Package,
        SendEvent::Ci => SampleEvent::Ci,
        SendEvent::Ping => SampleEvent::Ping,
    }
}

fn is_of_tag(event: SendEvent) -> bool {
    matches!(event, SendEvent::Tag | SendEvent::Release | SendEvent::Released)
}

/// The tag of events that tell of one, where none is named.
const TAG: &str = "hookspool-test";

fn reference(hook: &Hook, event: SendEvent, args: &SendArgs) -> Result<RefName, Failure> {
    let tells_of_tag = is_of_tag(event);
    let (typed, named) = if let Some(full) = &args.reference {
        (full.clone(), RefName::parse(full))
    } else if tells_of_tag {
        let tag = wanted_sample::tag(hook).unwrap_or_else(|| TAG.to_owned());
        (tag.clone(), RefName::tag_named(&tag))
    } else {
        let branch = branch(hook, args);
        (branch.clone(), RefName::branch_named(&branch))
    };
    let wrong = |why: &str| Failure::new(exit::USAGE, format!("`{typed}` {why}"));
    let name = named.ok_or_else(|| wrong("is not a branch or tag; write it as `refs/heads/main` or `refs/tags/v1`"))?;
    match event {
        _ if tells_of_tag && name.tag().is_none() => Err(wrong("is not a tag such as `refs/tags/v1`")),
        SendEvent::Merge if name.branch().is_none() => Err(wrong("is not a branch to merge into")),
        _ => Ok(name),
    }
}

/// The provider tells of no such thing.
fn cannot(hook: &Hook, event: SendEvent, push: &SamplePush<'_>) -> Failure {
    let told = |event: &&SendEvent| {
        let name = if is_of_tag(**event) { "refs/tags/v1" } else { "refs/heads/main" };
        RefName::parse(name).is_some_and(|name| hook.provider.sample(kind(**event), &name, push).is_some())
    };
    let words: Vec<String> = SendEvent::value_variants().iter().filter(told).map(|event| word(*event)).collect();
    let provider = hook.provider.name();
    Failure::new(exit::USAGE, format!("`{provider}` sends no `{}`; it sends {}", word(event), words.join(", ")))
}

fn word(event: SendEvent) -> String {
    event.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The status of a delivery that started a job.
const ACCEPTED: u16 = 202;
/// Longest reply text that is shown, in bytes; ours are one line.
const REPLY_LIMIT_BYTES: u64 = 4096;

/// An error of the system in the voice of all other messages.
fn said(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => words(error),
        other => without_credentials(&other.to_string()),
    }
}

fn post(url: &str, typed: &str, delivery: &TestDelivery) -> Result<TestReply, Failure> {
    let settings = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .max_redirects(0);
    let cannot =
        |code, why: String| Failure::new(code, format!("cannot send to `{}`: {why}", without_credentials(typed)));
    let agent = client(settings, url).map_err(|why| cannot(exit::UNAVAILABLE, why))?;
    let request = delivery.headers.iter().fold(agent.post(url), |request, (name, value)| request.header(name, value));
    let unavailable = |error: ureq::Error| {
        let code = if matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_)) {
            exit::USAGE
        } else {
            exit::UNAVAILABLE
        };
        cannot(code, said(&error))
    };
    let mut response = request.send(&delivery.body).map_err(unavailable)?;
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut text = Vec::new();
    // The status is the answer; a body that is cut short or too long is no reason to hide it.
    let _ = response.body_mut().as_reader().take(REPLY_LIMIT_BYTES).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).trim_end().to_owned();
    let is_ours = is_ours(content_type.as_deref(), &text);
    Ok(TestReply { status, text, is_ours })
}
