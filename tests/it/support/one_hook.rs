//! Edge. A world with one hook, `docs`, and a spool that a runner has made: the real executable as CGI program and
//! runner.

use crate::support::world::World;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::Write;
use std::ops::Deref;
use std::process::{Command, Output, Stdio};

const SECRET: &str = "topsecret";

/// A world with one hook.
pub(crate) struct OneHook(World);

impl Deref for OneHook {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl OneHook {
    /// A hook of GitHub with `settings`.
    pub(crate) fn of_github(settings: &str) -> Self {
        let settings = format!("provider = \"github\"\nsecret = {{ file = \"ROOT/secret\" }}\n{settings}");
        Self::new(&settings, &[("secret", SECRET)])
    }

    /// A hook with `settings`, in which `ROOT` is the directory, and secrets of this content in files of these names.
    pub(crate) fn new(settings: &str, secrets: &[(&str, &str)]) -> Self {
        let site = Self(World::on_disk());
        for (name, content) in secrets {
            site.write(name, content);
        }
        site.configure(&format!("[[hook]]\nname = \"docs\"\ndir = \"ROOT/site\"\n{settings}\n"));
        let output = site.hookspool(&["spool-runner", "--once"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        site
    }

    /// The executable as a web server starts it for a signed delivery of `body`, which has no id.
    pub(crate) fn signed(&self, event: &str, body: &[u8]) -> Command {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let headers = [
            ("Content-Type", "application/json".to_owned()),
            ("X-GitHub-Event", event.to_owned()),
            ("X-Hub-Signature-256", signature),
        ];
        let mut command = self.cgi("docs", &headers.map(|(name, value)| (name.to_owned(), value)), body.len());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Queues a push of `main` to commit `after`, forty times this digit.
    pub(crate) fn queue(&self, after: char) {
        self.queue_branch("main", after);
    }

    /// The same for another branch.
    pub(crate) fn queue_branch(&self, branch: &str, after: char) {
        let body = push_of(branch, after);
        let reply = answer(self.signed("push", &body), &body);
        assert!(reply.starts_with("Status: 202 "), "{reply}");
    }
}

/// The JSON of a push of `main`.
pub(crate) fn push(after: char) -> Vec<u8> {
    push_of("main", after)
}

fn push_of(branch: &str, after: char) -> Vec<u8> {
    let (before, after) = ("0".repeat(39) + "1", after.to_string().repeat(40));
    serde_json::json!({
        "ref": format!("refs/heads/{branch}"), "before": before, "after": after,
        "repository": { "full_name": "me/docs", "default_branch": "main" }, "commits": [],
    })
    .to_string()
    .into_bytes()
}

/// Feeds `body` to a CGI program, and waits for its end.
pub(crate) fn run(mut command: Command, body: &[u8]) -> Output {
    let mut child = command.spawn().unwrap();
    // A program that refuses early need not read.
    let _ = child.stdin.take().unwrap().write_all(body);
    child.wait_with_output().unwrap()
}

/// What it replied; it must have ended well.
pub(crate) fn answer(command: Command, body: &[u8]) -> String {
    let output = run(command, body);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}
