//! Edge. Hooks of all providers, and deliveries to the real executable as a CGI program.

use crate::crash::strace::Strace;
use crate::support::one_hook::{OneHook, run};
use hookspool::provider::{Provider, Secret};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A delivery as a web server hands it on.
pub(crate) struct Sent {
    command: Command,
    body: Vec<u8>,
}

/// What came of it.
pub(crate) struct Answer {
    /// `202 queued …`.
    pub(crate) reply: String,
    headers: Vec<String>,
    pub(crate) log: Vec<String>,
}

impl Answer {
    /// The ids that were queued.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.reply.strip_prefix("202 queued ").unwrap_or_else(|| panic!("{}", self.reply)).split(' ').collect()
    }

    /// `Allow`, which only a 405 has.
    pub(crate) fn allow(&self) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix("Allow: "))
    }
}

impl Sent {
    /// A POST of `body` with `headers` to the hook.
    pub(crate) fn new(site: &OneHook, headers: &[(String, String)], body: &[u8]) -> Self {
        Self { command: site.cgi("docs", headers, body.len()), body: body.to_vec() }
    }

    /// As `provider` signs it with `secret`.
    pub(crate) fn signed(site: &OneHook, provider: &Provider, secret: &str, event: &str, body: &Value) -> Self {
        let (secret, body) = (Secret::new(secret).unwrap(), body.to_string().into_bytes());
        let headers = provider.sign(&secret, &body, event, "d-1", jiff::Timestamp::now()).unwrap();
        Self::new(site, &headers, &body)
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    pub(crate) fn without(mut self, variable: &str) -> Self {
        self.command.env_remove(variable);
        self
    }

    /// Under strace, of which one call is to fail.
    pub(crate) fn under(mut self, strace: &Strace) -> Self {
        self.command = strace.around(&self.command);
        self
    }

    pub(crate) fn answer(mut self) -> Answer {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = run(self.command, &self.body);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let status = text.strip_prefix("Status: ").and_then(|rest| rest.get(..3)).unwrap_or_default();
        let reply = format!("{status} {}", text.lines().last().unwrap_or_default());
        let log = String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
        let headers = text.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect();
        Answer { reply, headers, log }
    }
}

/// Payload and description in a job's file.
pub(crate) fn job(path: &Path) -> (Vec<u8>, Value) {
    let mut bytes = fs::read(path).unwrap();
    assert_eq!(bytes.pop(), Some(b'\n'));
    let at = bytes.iter().rposition(|&byte| byte == b'\n').unwrap();
    let line = bytes.split_off(at + 1);
    bytes.pop();
    (bytes, serde_json::from_slice(&line).unwrap())
}
