//! Edge. A delivery as GitHub sends it, handed to hookspool as a web server would: as a CGI child process.

use super::commands::broken;
use super::narration::quote;
use super::sandbox::{Push, Sandbox};
use crate::cli::exit::Failure;
use crate::provider::{Provider, SamplePush, Secret};
use std::io::Write;
use std::process::{Command, Stdio};

/// A body and the headers that prove it.
pub(super) struct SignedPush {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl SignedPush {
    /// A GitHub push of `push`, signed with `secret`.
    pub(super) fn signed_with(secret: &Secret, push: &Push) -> Self {
        let sample = SamplePush {
            repository: "demo/site",
            branch: "main",
            before: &push.before,
            after: &push.after,
            pusher: "demo",
            secret: None,
        };
        let body = Provider::Github.sample_push(&sample);
        let signed = Provider::Github.sign(secret, &body, "push", "demo-delivery", jiff::Timestamp::now());
        let headers = signed.expect("GitHub signs with any secret");
        Self { headers, body }
    }

    /// The reply as one line: status, reason, text.
    pub(super) fn send_by_cgi(&self, sandbox: &Sandbox) -> Result<String, Failure> {
        let io = |error| Failure::io("cannot talk to hookspool as a CGI program", &error);
        let mut child = self.cgi_command(sandbox).spawn().map_err(io)?;
        let mut stdin = child.stdin.take().ok_or_else(|| broken("no pipe to the CGI program"))?;
        stdin.write_all(&self.body).map_err(io)?;
        drop(stdin);
        let output = child.wait_with_output().map_err(io)?;
        quote(&String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        one_line(&text).ok_or_else(|| broken(&format!("the CGI program answered {text:?}")))
    }

    fn cgi_command(&self, sandbox: &Sandbox) -> Command {
        let mut command = Command::new(&sandbox.program);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("HOOKSPOOL_CONFIG", sandbox.config());
        let length = self.body.len().to_string();
        let variables = [
            ("GATEWAY_INTERFACE", "CGI/1.1"),
            ("SERVER_PROTOCOL", "HTTP/1.1"),
            ("REQUEST_METHOD", "POST"),
            ("SCRIPT_NAME", "/cgi-bin/hookspool"),
            ("PATH_INFO", "/site"),
            ("QUERY_STRING", ""),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("CONTENT_LENGTH", &length),
        ];
        command.envs(variables);
        for (name, value) in &self.headers {
            command.env(meta_variable(name), value);
        }
        command
    }
}

/// RFC 3875 §4.1.18: upper case, hyphens to underscores, `HTTP_` in front; `Content-Type` has a name of its own.
fn meta_variable(header: &str) -> String {
    let name = header.to_ascii_uppercase().replace('-', "_");
    if name == "CONTENT_TYPE" { name } else { format!("HTTP_{name}") }
}

/// `Status: 202 Accepted` and the text below the blank line, joined.
fn one_line(reply: &str) -> Option<String> {
    let (head, text) = reply.split_once("\r\n\r\n")?;
    let status = head.lines().next()?.strip_prefix("Status: ")?;
    Some(format!("{status}: {}", text.trim_end()))
}
