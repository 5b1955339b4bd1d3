//! A site of its own for each test: configuration, secret, spool, and the real executable as CGI program and runner.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hookspool");
const SECRET: &[u8] = b"topsecret";

/// A directory with a configuration in it.
pub(crate) struct Site(pub(crate) tempfile::TempDir);

impl Site {
    /// One hook `docs` of GitHub with `settings`, and a spool that a runner has made.
    pub(crate) fn with(settings: &str) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.path("site")).unwrap();
        fs::write(site.path("secret"), SECRET).unwrap();
        fs::set_permissions(site.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
        let root = site.0.path().display();
        let text = format!(
            "spool = \"{root}/spool\"\n[[hook]]\nname = \"docs\"\nprovider = \"github\"\n\
             secret = {{ file = \"{root}/secret\" }}\ndir = \"{root}/site\"\n{settings}\n"
        );
        fs::write(site.path("hookspool.toml"), text).unwrap();
        assert!(site.verb(&["spool-runner", "--once"]).output().unwrap().status.success());
        site
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// The executable with `arguments` and this site's configuration.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOOKSPOOL_CONFIG", self.path("hookspool.toml"));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// The executable as a web server starts it for a signed delivery of `body`.
    pub(crate) fn cgi(&self, event: &str, body: &[u8]) -> Command {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(body);
        let mut command = self.verb(&[]);
        command
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("REQUEST_METHOD", "POST")
            .env("REMOTE_ADDR", "192.0.2.1")
            .env("SCRIPT_NAME", "/hooks/docs")
            .env("CONTENT_TYPE", "application/json")
            .env("CONTENT_LENGTH", body.len().to_string())
            .env("HTTP_X_GITHUB_EVENT", event)
            .env("HTTP_X_HUB_SIGNATURE_256", format!("sha256={}", hex::encode(mac.finalize().into_bytes())));
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
        let reply = answer(self.cgi("push", &body), &body);
        assert!(reply.starts_with("Status: 202 "), "{reply}");
    }

    /// Names in a directory of the spool, sorted.
    pub(crate) fn names(&self, state: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path("spool").join(state)).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
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
