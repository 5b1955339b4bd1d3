//! Edge. The answer of a hook at its URL: to a GET hookspool itself says that only POST delivers.

use super::command;
use crate::cli::init::goal::{Answers, Url};
use crate::cli::init::tool;
use crate::system::authorities::client;
use crate::system::errno::words;
use std::io::Read;
use std::time::Duration;

/// Longest time that a web server and receivers need to start.
const START: Duration = Duration::from_secs(20);
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest reply that is looked at, in bytes; ours are one line.
const REPLY_LIMIT_BYTES: u64 = 512;
/// The reply to a GET of a hook that there is.
const OURS: &str = "only POST delivers";

/// Asks until it answers, and helps where it does not at once; `true` if it had to be helped.
pub(super) fn wait_for(it: &Answers) -> Result<bool, String> {
    if answers(&it.at).is_ok() {
        return Ok(false);
    }
    for remedy in &it.remedies {
        command::run(remedy).map_err(|failure| failure.text)?;
    }
    let time = if it.remedies.is_empty() { Duration::ZERO } else { START };
    tool::until(time, || answers(&it.at).ok()).map_or_else(|| answers(&it.at).map(|()| true), |()| Ok(true))
}

/// The answer, or why it is not ours.
pub(in crate::cli::init) fn answers(at: &Url) -> Result<(), String> {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(ANSWER)).http_status_as_error(false).max_redirects(0);
    let mut request = client(config, &at.url)?.get(&at.url);
    if let Some(host) = &at.host {
        request = request.header("Host", host);
    }
    let mut response = request.call().map_err(|error| match error {
        ureq::Error::Io(error) => words(&error),
        other => other.to_string(),
    })?;
    let mut text = Vec::new();
    // What was read until an error is what there is.
    let _ = response.body_mut().as_reader().take(REPLY_LIMIT_BYTES).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().next().unwrap_or_default();
    let status = response.status().as_u16();
    if status == 405 && line == OURS { Ok(()) } else { Err(meaning(status, line)) }
}

fn meaning(status: u16, line: &str) -> String {
    let hint = match status {
        404 => "another site answers for this name, or the script is not there",
        403 => "the web server does not run the script: mode 0755, and its directory must allow scripts",
        500 => "the web server's log has the reason; suEXEC wants script and directory yours alone",
        502..=504 => "the receiver does not run",
        200..=299 => "something else than hookspool answers",
        300..=399 => "the web server sends elsewhere; name the URL that it sends to with `--url`",
        _ => "this is not hookspool's answer",
    };
    let line: String = line.chars().take(120).collect();
    format!("{status} {line} ({hint})")
}
