//! Edge. The world of one test: a directory with a configuration, its secrets, a spool and a site, and the real
//! executable that is to work there. What a kind of test needs beyond that is built on it.

use crate::crash::strace::Strace;
use hookspool::model::{JobId, State};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hookspool");

/// A directory that goes away with it: `hookspool.toml`, `spool/`, and `site/`, in which the steps run.
pub(crate) struct World {
    /// `None`: it stays.
    _dir: Option<TempDir>,
    root: PathBuf,
}

impl World {
    pub(crate) fn on_disk() -> Self {
        Self::below(tempfile::tempdir().unwrap())
    }

    /// In memory, where the machine has such a place: for more jobs than a disk flushes in good time, and for processes
    /// that are killed. Those lose nothing that they gave to the kernel, and the same calls are made.
    pub(crate) fn in_memory() -> Self {
        Self::below(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn below(dir: TempDir) -> Self {
        let root = dir.path().canonicalize().unwrap();
        fs::create_dir(root.join("site")).unwrap();
        Self { _dir: Some(dir), root }
    }

    /// In `dir`, which is made, and stays after the test for a person to look at.
    pub(crate) fn kept_in(dir: &Path) -> Self {
        fs::create_dir_all(dir.join("site")).unwrap();
        Self { _dir: None, root: dir.canonicalize().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.path("spool")
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes the configuration; the spool is named before `settings`, in which `ROOT` is the directory.
    pub(crate) fn configure(&self, settings: &str) {
        let text = format!("spool = \"ROOT/spool\"\n{settings}");
        fs::write(self.path("hookspool.toml"), text.replace("ROOT", self.root.to_str().unwrap())).unwrap();
    }

    /// The executable with `arguments`, the configuration and `PATH`.
    pub(crate) fn hookspool(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
        command.arg("--config").arg(self.path("hookspool.toml")).args(arguments).stdin(Stdio::null());
        command
    }

    /// The executable as a web server starts it for a POST to `hook`.
    pub(crate) fn cgi(&self, hook: &str, headers: &[(String, String)], length: usize) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("HOOKSPOOL_CONFIG", self.path("hookspool.toml"));
        command.env("GATEWAY_INTERFACE", "CGI/1.1").env("SERVER_PROTOCOL", "HTTP/1.1").env("REQUEST_METHOD", "POST");
        command.env("SCRIPT_NAME", format!("/hooks/{hook}")).env("QUERY_STRING", "");
        command.env("REMOTE_ADDR", "192.0.2.1");
        command.env("CONTENT_LENGTH", length.to_string());
        for (name, value) in headers {
            let name = name.to_ascii_uppercase().replace('-', "_");
            command.env(if name == "CONTENT_TYPE" { name } else { format!("HTTP_{name}") }, value);
        }
        command
    }

    /// Where the traces go.
    pub(crate) fn strace(&self) -> Strace {
        Strace::into(&self.root)
    }

    /// Names in a directory of the spool, sorted.
    pub(crate) fn names(&self, state: &str) -> Vec<String> {
        crate::spool::append::names(&self.spool().join(state))
    }

    /// All jobs, as `list --json` shows them.
    pub(crate) fn listed(&self) -> Vec<Value> {
        let output = self.hookspool(&["list", "--json"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
    }

    /// What happened to a job, wherever it is. A line that is being written is none yet.
    pub(crate) fn history(&self, id: JobId) -> Vec<Value> {
        let places = State::ALL.map(|state| self.spool().join(state.as_str()).join(format!("{id}.events")));
        let text = places.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
    }
}
