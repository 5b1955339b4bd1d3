//! Edge. The temporary directory that `demo` plays in: a bare repository, a clone to push from, a configuration.

use super::commands::{broken, output_of, require};
use super::narration::quote;
use crate::cli::exit::Failure;
use crate::provider::Secret;
use crate::system::random::random_bytes;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The directory of one demonstration, with its secret and the program under test.
pub(super) struct Sandbox {
    pub(super) dir: PathBuf,
    pub(super) secret: Secret,
    pub(super) program: PathBuf,
}

/// A push that was made.
pub(super) struct Push {
    pub(super) before: String,
    pub(super) after: String,
    pub(super) content: String,
}

impl Sandbox {
    pub(super) fn build() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::io("cannot find this program", &error))?;
        let dir = std::env::temp_dir().join(format!("hookspool-demo-{}", random_hex::<4>()?));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&dir)
            .map_err(|error| Failure::create(format!("cannot create `{}`", dir.display()), &error))?;
        let secret_text = random_hex::<32>()?;
        let secret = Secret::new(secret_text.as_bytes()).ok_or_else(|| broken("no randomness"))?;
        let sandbox = Self { dir, secret, program };
        sandbox.write("secret", &secret_text)?;
        sandbox.write("hookspool.toml", &sandbox.configuration())?;
        // The runner would make it at its first start; the delivery comes first here.
        crate::spool::create(&sandbox.dir.join("spool")).map_err(|error| Failure::new(error.exit_code(), error))?;
        sandbox.make_repository()?;
        Ok(sandbox)
    }

    pub(super) fn site(&self) -> PathBuf {
        self.dir.join("site")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.dir.join("hookspool.toml")
    }

    /// A configuration as a person would write it.
    fn configuration(&self) -> String {
        let dir = self.dir.display();
        format!(
            r#"spool = "{dir}/spool"

[[hook]]
name     = "site"
provider = "github"
secret   = {{ file = "{dir}/secret" }}
dir      = "{dir}/site"
steps = [
  {{ git = "update", from = "{dir}/origin.git" }},
  {{ remove = "public" }},
  {{ shell = "mkdir public && cp index.html public/ && echo built $HOOKSPOOL_AFTER" }},
]
"#
        )
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.dir.join(name);
        let mut options = std::fs::OpenOptions::new();
        let written =
            options.write(true).create_new(true).mode(0o600).open(&path).and_then(|mut f| f.write_all(text.as_bytes()));
        written.map_err(|error| Failure::io(format!("cannot write `{}`", path.display()), &error))
    }

    fn make_repository(&self) -> Result<(), Failure> {
        git(&self.dir, &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"])?;
        git(&self.dir, &["clone", "--quiet", "origin.git", "checkout"])?;
        self.commit_and_push("<h1>First version</h1>\n")?;
        Ok(())
    }

    /// Commits `content` as `index.html` and pushes it.
    pub(super) fn push(&self, content: &str) -> Result<Push, Failure> {
        let before = self.head()?;
        self.commit_and_push(content)?;
        Ok(Push { before, after: self.head()?, content: content.to_owned() })
    }

    fn commit_and_push(&self, content: &str) -> Result<(), Failure> {
        let checkout = self.dir.join("checkout");
        std::fs::write(checkout.join("index.html"), content)
            .map_err(|error| Failure::io("cannot write `index.html`", &error))?;
        git(&checkout, &["add", "index.html"])?;
        git(&checkout, &["commit", "--quiet", "--message", "Change the page"])?;
        git(&checkout, &["push", "--quiet", "origin", "HEAD:refs/heads/main"])?;
        Ok(())
    }

    fn head(&self) -> Result<String, Failure> {
        Ok(git(&self.dir.join("checkout"), &["rev-parse", "HEAD"])?.trim_end().to_owned())
    }

    /// Runs the runner until the spool is empty, and shows its log lines.
    pub(super) fn drain(&self) -> Result<(), Failure> {
        let output = self
            .command(&["spool-runner", "--once"])
            .output()
            .map_err(|error| Failure::io("cannot start the runner", &error))?;
        quote(&String::from_utf8_lossy(&output.stderr));
        require(output.status.success(), &format!("the runner ended with {}", output.status))
    }

    /// Runs hookspool with `arguments`, and returns what it printed.
    pub(super) fn hookspool(&self, arguments: &[&str]) -> Result<String, Failure> {
        output_of(&mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.config()).args(arguments).stdin(std::process::Stdio::null());
        command
    }
}

/// A secret that nobody knows.
pub(super) fn fresh_secret() -> Result<Secret, Failure> {
    Secret::new(random_hex::<32>()?).ok_or_else(|| broken("no randomness"))
}

/// Runs git as somebody who has never configured it.
fn git(dir: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let identity = [
        "-c",
        "user.name=demo",
        "-c",
        "user.email=demo@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    ];
    output_of(Command::new("git").current_dir(dir).args(identity).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null"))
}

fn random_hex<const N: usize>() -> Result<String, Failure> {
    random_bytes::<N>().map(hex::encode).map_err(|error| Failure::io("cannot get random bytes", &error.into()))
}
