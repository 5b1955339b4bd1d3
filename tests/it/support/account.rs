//! Edge. Which users of this machine the servers, the receiver and the runner are.

use super::daemon::PATH;
use std::process::Command;
use std::sync::OnceLock;

/// A user of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// Login name.
    pub(crate) name: String,
    /// Name of its primary group.
    pub(crate) group: String,
    uid: u32,
    gid: u32,
}

/// Whether the tests may change users.
pub(crate) fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

impl Account {
    /// Whoever runs the tests.
    pub(crate) fn myself() -> Self {
        Self::read(&[]).expect("id(1) knows who runs the tests")
    }

    /// The web server's user: `www-data`, or without root whoever runs the tests.
    pub(crate) fn web() -> &'static Self {
        static WEB: OnceLock<Account> = OnceLock::new();
        WEB.get_or_init(|| if is_root() { Self::read(&["www-data"]).expect("user `www-data`") } else { Self::myself() })
    }

    /// Receiver and runner: `hookspool` where the machine has that user, else the web server's.
    pub(crate) fn owner() -> &'static Self {
        static OWNER: OnceLock<Account> = OnceLock::new();
        OWNER.get_or_init(|| {
            let own = if is_root() { Self::read(&["hookspool"]) } else { None };
            own.unwrap_or_else(|| Self::web().clone())
        })
    }

    /// Whether it may become any other.
    pub(crate) fn is_root(&self) -> bool {
        self.uid == 0
    }

    /// Numeric user and group.
    pub(crate) fn ids(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// `program` as this user with `groups` beside its own, with nothing but a `PATH`, and gone with this test.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>, groups: &[&Self]) -> Command {
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=TERM");
        if is_root() {
            let all: Vec<String> = [self].iter().chain(groups).map(|account| account.gid.to_string()).collect();
            command.arg(format!("--reuid={}", self.uid)).arg(format!("--regid={}", self.gid));
            command.arg(format!("--groups={}", all.join(",")));
        }
        command.arg("--").arg(program).env_clear().env("PATH", PATH);
        command
    }

    fn read(who: &[&str]) -> Option<Self> {
        let number = |flag| id(flag, who)?.parse().ok();
        Some(Self { name: id("-un", who)?, group: id("-gn", who)?, uid: number("-u")?, gid: number("-g")? })
    }
}

fn id(flag: &str, who: &[&str]) -> Option<String> {
    let output = Command::new("id").arg(flag).args(who).output().expect("id(1)");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
