//! Edge. One test's own file system root: the executable, a configuration, a spool, with the owners of a real host.

use super::account::{Account, is_root};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// The secret of every hook in `hooks.toml`.
pub(crate) const SECRET: &str = "a secret for the gateway tests";

/// What stands under a test's root: every path of the product that a shipped file names begins with one of these.
const MOVED: [&str; 11] = [
    "/usr/bin/hookspool",
    "/etc/hookspool",
    "/var/spool/hookspool",
    "/var/log/hookspool",
    "/var/lib/hookspool",
    "/run/hookspool",
    "/run/fcgiwrap.socket",
    "/srv",
    "/home/me",
    "/var/www/html",
    "/www/wwwroot",
];

/// A root with the product installed.
pub(crate) struct Site {
    root: TempDir,
    /// Whether it all belongs to one account of a shared host.
    shared: bool,
}

impl Site {
    /// A host of one's own: `/etc/hookspool`, `/var/spool/hookspool` and the directories of
    /// `deploy/systemd/tmpfiles.conf`.
    pub(crate) fn new() -> Self {
        let site = Self { root: temporary_root(), shared: false };
        for path in ["/run", "/var/www/html", "/srv", "/www/wwwroot", "/var/log"] {
            site.directory(path, 0o755, None);
        }
        site.directory("/var/tmp", 0o1777, None);
        site.make_directories_of(&read_shipped("deploy/systemd/tmpfiles.conf"));
        chown_to(&site.at("/srv"), Account::owner());
        site.executable("/usr/bin/hookspool");
        site.configure(include_str!("hooks.toml"));
        site.secret("docs", SECRET);
        site.drain();
        site
    }

    /// An account on shared hosting: everything below `/home/me`, the script below its document root.
    pub(crate) fn on_shared_host() -> Self {
        let site = Self { root: temporary_root(), shared: true };
        for path in ["/run", "/var/www/html", "/var/log"] {
            site.directory(path, 0o755, None);
        }
        let me = Some(Account::owner());
        let open = ["", "/bin", "/public_html", "/public_html/deploy", "/.config", "/.local", "/.local/state"];
        for path in open {
            site.directory(&format!("/home/me{path}"), 0o755, me);
        }
        for path in ["/.config/hookspool", "/.config/hookspool/secrets", "/.local/state/hookspool", "/srv"] {
            site.directory(&format!("/home/me{path}"), 0o700, me);
        }
        site.executable("/home/me/bin/hookspool");
        site.configure(include_str!("hooks.toml"));
        site.secret("docs", SECRET);
        site.drain();
        site
    }

    /// What stands before every path of a real host.
    pub(crate) fn root(&self) -> &str {
        self.root.path().to_str().expect("UTF-8 path")
    }

    /// Where `path` of a real host stands in this test.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// The executable under test.
    pub(crate) fn program(&self) -> PathBuf {
        self.at(if self.shared { "/home/me/bin/hookspool" } else { "/usr/bin/hookspool" })
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.at(if self.shared { "/home/me/.config/hookspool/hookspool.toml" } else { "/etc/hookspool/hookspool.toml" })
    }

    /// The spool.
    pub(crate) fn spool(&self) -> PathBuf {
        self.at(if self.shared { "/home/me/.local/state/hookspool/spool" } else { "/var/spool/hookspool" })
    }

    /// What the hooks work on.
    pub(crate) fn srv(&self) -> PathBuf {
        self.at(if self.shared { "/home/me/srv" } else { "/srv" })
    }

    /// Installs `text`, whose paths are those of a host of one's own, as the configuration.
    pub(crate) fn configure(&self, text: &str) {
        let text = if self.shared { at_home(text) } else { text.to_owned() };
        self.private(&self.config(), &self.moved(&text));
    }

    /// Installs a secret.
    pub(crate) fn secret(&self, name: &str, value: &str) {
        self.private(&self.config().with_file_name("secrets").join(name), value);
    }

    /// A shipped file with its paths below this root and `changes` made, each of which must apply: a file that no
    /// longer says what a test counts on is noticed.
    pub(crate) fn shipped(&self, file: &str, changes: &[(&str, &str)]) -> String {
        let mut text = read_shipped(file);
        for (from, to) in changes {
            assert!(text.contains(from), "{file} no longer contains {from:?}");
            text = text.replace(from, to);
        }
        self.moved(&text)
    }

    /// Writes a file for everyone to read.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.at(path);
        fs::create_dir_all(file.parent().expect("a parent")).expect("directory");
        fs::write(&file, text).expect("file");
        file
    }

    /// Runs the executable as the spool's owner, with nothing in its environment but a path.
    pub(crate) fn hookspool(&self, arguments: &[&str]) -> Output {
        let mut command = Account::owner().command(self.program(), &[]);
        command.args(arguments).current_dir("/").output().expect("hookspool")
    }

    /// The runner, until nothing is queued, as the spool's owner.
    pub(crate) fn runner(&self) -> Command {
        let mut command = Account::owner().command(self.program(), &[]);
        command.args(["spool-runner", "--once", "--config"]).arg(self.config()).current_dir("/");
        command
    }

    /// Runs everything that is queued; the first time, it makes the spool. Shows what the runner said when it fails.
    pub(crate) fn drain(&self) {
        let output = self.runner().output().expect("hookspool");
        assert!(output.status.success(), "the runner failed: {output:?}");
    }

    /// Processes that run the executable of this root.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let runs_ours =
            |entry: &fs::DirEntry| fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == self.program());
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        entries.filter(runs_ours).filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    /// `text` with the product's paths below this root.
    pub(crate) fn moved(&self, text: &str) -> String {
        MOVED.iter().fold(text.to_owned(), |text, path| move_path(&text, path, self.root()))
    }

    fn executable(&self, path: &str) {
        let (built, here) = (Path::new(env!("CARGO_BIN_EXE_hookspool")), self.at(path));
        fs::create_dir_all(here.parent().expect("a parent")).expect("directory");
        // A link costs nothing; across file systems, or where links to others' files are forbidden, it must be a copy.
        if fs::hard_link(built, &here).is_err() {
            fs::copy(built, &here).expect("copy of the executable");
        }
    }

    /// Makes a directory; `None`: it belongs to whoever runs the tests.
    pub(super) fn directory(&self, path: &str, mode: u32, owner: Option<&Account>) {
        let directory = self.at(path);
        fs::create_dir_all(&directory).expect("directory");
        if let Some(owner) = owner {
            chown_to(&directory, owner);
        }
        fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).expect("mode");
    }

    /// What systemd-tmpfiles(8) would do with the shipped file: lines of `d path mode user group -`.
    fn make_directories_of(&self, tmpfiles: &str) {
        for line in tmpfiles.lines().filter(|line| line.starts_with("d ")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let mode = u32::from_str_radix(words[2], 8).expect("octal mode");
            let (user, group) = Account::owner().ids();
            let user = if words[3] == "root" && is_root() { 0 } else { user };
            let directory = self.at(words[1]);
            fs::create_dir_all(&directory).expect("directory");
            chown(&directory, Some(user), Some(group)).expect("owner");
            fs::set_permissions(&directory, fs::Permissions::from_mode(mode)).expect("mode");
        }
    }

    /// Writes a file for its group alone.
    fn private(&self, file: &Path, text: &str) {
        let (user, group) = Account::owner().ids();
        let user = if is_root() && !self.shared { 0 } else { user };
        fs::write(file, text).expect("file");
        chown(file, Some(user), Some(group)).expect("owner");
        let mode = if self.shared { 0o600 } else { 0o640 };
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("mode");
    }
}

/// A shipped file as it is in the repository.
pub(crate) fn read_shipped(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Hands a file, or a directory with all that is in it, to `account`.
pub(crate) fn chown_to(path: &Path, account: &Account) {
    let owner = format!("{}:{}", account.ids().0, account.ids().1);
    let status = Command::new("chown").args(["-R", &owner]).arg(path).status().expect("chown(1)");
    assert!(status.success(), "chown {owner} {}", path.display());
}

/// `text` with `root` before each `path` that does not itself stand below another directory.
fn move_path(text: &str, path: &str, root: &str) -> String {
    let mut pieces = text.split(path);
    let mut moved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_below = moved.ends_with(|c: char| c.is_ascii_alphanumeric() || "._-".contains(c));
        moved += if is_below { "" } else { root };
        moved += path;
        moved += piece;
    }
    moved
}

/// A text for a host of one's own, with the paths of an account on shared hosting.
fn at_home(text: &str) -> String {
    text.replace("/etc/hookspool", "/home/me/.config/hookspool")
        .replace("/var/spool/hookspool", "/home/me/.local/state/hookspool/spool")
        .replace("/srv", "/home/me/srv")
}

/// Other users must be able to pass it, and `sun_path` holds 107 bytes (unix(7)): it is short.
fn temporary_root() -> TempDir {
    let root = tempfile::Builder::new().prefix("hookspool-").tempdir().expect("temporary directory");
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("mode");
    root
}
