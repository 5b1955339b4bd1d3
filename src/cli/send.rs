//! Edge. `send`: a signed test delivery, shaped as the hook's provider shapes it.

use super::args::SendArgs;
use super::exit::{self, Failure};
use super::print;
use super::receive::load;
use crate::config::Hook;
use crate::provider::SamplePush;
use crate::system::random::random_bytes;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Sends, and prints the reply. Exit 1 when it is not a 2xx, 69 when nobody answers.
pub(super) fn run(config: Option<&Path>, args: &SendArgs) -> Result<ExitCode, Failure> {
    let config = load(config)?;
    let hook = config.hooks.iter().find(|hook| hook.name == args.hook).ok_or_else(|| {
        let names: Vec<&str> = config.hooks.iter().map(|hook| hook.name.as_str()).collect();
        Failure::new(exit::USAGE, format!("no hook `{}`; there are: {}", args.hook, names.join(", ")))
    })?;
    let (status, text) = post(&args.url, &delivery(hook, args)?)?;
    if args.json {
        print::json(&serde_json::json!({ "hook": hook.name, "url": args.url, "status": status, "text": text }))?;
    } else {
        print::line(&format!("{status} {text}"))?;
    }
    Ok(ExitCode::from(if (200..300).contains(&status) { 0 } else { exit::NO }))
}

/// What is sent.
struct Delivery {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A push with fresh commit ids: `before` and `after` must differ, or it is a test delivery that never runs.
fn delivery(hook: &Hook, args: &SendArgs) -> Result<Delivery, Failure> {
    let no_random = |error: rustix::io::Errno| Failure::io("cannot get random bytes", &error.into());
    let random_commit = || random_bytes::<20>().map(hex::encode).map_err(no_random);
    let first = hook.secrets.first().ok_or_else(|| Failure::new(exit::CONFIGURATION, "the hook has no secret"))?;
    let secret = first
        .source
        .read()
        .map_err(|error| Failure::new(exit::NO_PERMISSION, format!("secret of hook `{}`: {error}", hook.name)))?;
    let repository = args.repository.as_deref().or(hook.rules.repository.as_deref());
    let sample = SamplePush {
        repository: repository.unwrap_or("hookspool/test"),
        branch: &args.branch,
        before: &random_commit()?,
        after: &random_commit()?,
        pusher: "hookspool-send",
        secret: Some(&secret),
    };
    let body = hook.provider.sample_push(&sample);
    let signed = hook.provider.sign(&secret, &body, "push", &random_commit()?, jiff::Timestamp::now());
    let headers = signed.map_err(|error| Failure::new(exit::CONFIGURATION, error.to_string()))?;
    Ok(Delivery { headers, body })
}

/// Longest reply text that is shown, in bytes; ours are one line.
const REPLY_LIMIT_BYTES: u64 = 4096;

fn post(url: &str, delivery: &Delivery) -> Result<(u16, String), Failure> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .new_agent();
    let request = delivery.headers.iter().fold(agent.post(url), |request, (name, value)| request.header(name, value));
    let unavailable = |error: ureq::Error| {
        let code = if matches!(error, ureq::Error::BadUri(_) | ureq::Error::Http(_)) {
            exit::USAGE
        } else {
            exit::UNAVAILABLE
        };
        Failure::new(code, format!("cannot send to `{url}`: {error}"))
    };
    let mut response = request.send(&delivery.body).map_err(unavailable)?;
    let status = response.status().as_u16();
    let mut text = Vec::new();
    // The status is the answer; a body that is cut short or too long is no reason to hide it.
    let _ = response.body_mut().as_reader().take(REPLY_LIMIT_BYTES).read_to_end(&mut text);
    Ok((status, String::from_utf8_lossy(&text).trim_end().to_owned()))
}
