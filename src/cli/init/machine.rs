//! Pure. The facts of this machine on which a plan depends.

use super::owner::Owner;
use super::web::WebServer;
use std::path::{Path, PathBuf};

/// A machine, as whoever runs `init` meets it.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    /// The user who runs `init`.
    pub(super) me: Owner,
    /// That user's home directory.
    pub(super) home: PathBuf,
    /// True for root.
    pub(super) is_root: bool,
    /// This program's file.
    pub(super) executable: PathBuf,
    /// Host name.
    pub(super) host: String,
    /// Configuration file to make or add to.
    pub(super) config: PathBuf,
    /// That file, if it is there.
    pub(super) existing: Option<Existing>,
    /// Web servers that are installed; those that run come first.
    pub(super) servers: Vec<WebServer>,
    /// Service managers that are installed, best first.
    pub(super) keepers: Vec<Keeper>,
    /// Main file of supervisor.
    pub(super) supervisor: Option<Supervisor>,
    /// True if the package brought the units.
    pub(super) has_packaged_units: bool,
    /// True if systemd is process 1.
    pub(super) is_systemd: bool,
    /// Directories of the account from which a web server may run scripts, or serve files; best first.
    pub(super) script_dirs: Vec<PathBuf>,
    /// An ssh key of the runner's user that is there already.
    pub(super) key: Option<PathBuf>,
}

/// A configuration that is there.
#[derive(Debug, Clone)]
pub(super) struct Existing {
    pub(super) text: String,
    pub(super) spool: PathBuf,
    pub(super) hooks: Vec<ExistingHook>,
}

/// A hook that is configured already.
#[derive(Debug, Clone)]
pub(super) struct ExistingHook {
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) repository: Option<String>,
    pub(super) dir: PathBuf,
    /// URL of its first `git` step.
    pub(super) from: Option<String>,
    /// True if it wants certain branches.
    pub(super) names_branches: bool,
    /// File of its first secret, if that is a file.
    pub(super) secret: Option<PathBuf>,
}

/// supervisor's main file and where it looks for programs.
#[derive(Debug, Clone)]
pub(super) struct Supervisor {
    pub(super) config: PathBuf,
    /// File for our programs; `None`: it includes no directory.
    pub(super) programs: Option<PathBuf>,
    /// True if supervisord answers.
    pub(super) is_running: bool,
}

/// The service manager of receiver and runner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    Supervisor,
    Systemd,
    Cron,
}

impl Keeper {
    pub(super) const ALL: [Self; 3] = [Self::Supervisor, Self::Systemd, Self::Cron];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Systemd => "systemd",
            Self::Cron => "cron",
        }
    }
}

/// The file for our programs by the `files =` of supervisor's `[include]`, which are relative to the main file.
pub(super) fn programs_file(config: &Path, text: &str) -> Option<PathBuf> {
    let include = text.lines().skip_while(|line| line.trim() != "[include]").skip(1);
    let mut section = include.take_while(|line| !line.trim_start().starts_with('['));
    let files = section.find_map(|line| line.trim().strip_prefix("files")?.trim_start().strip_prefix('='))?;
    let pattern = files.split_whitespace().find(|pattern| pattern.contains("/*."))?;
    let (dir, suffix) = pattern.split_once("/*.")?;
    Some(config.parent()?.join(dir).join(format!("hookspool.{suffix}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_go_where_supervisor_looks_for_them() {
        let found = |text: &str| programs_file(Path::new("/etc/supervisord.conf"), text);
        let ours = Some(PathBuf::from("/etc/supervisord.d/hookspool.ini"));
        assert_eq!(found("[supervisord]\nfiles = /no/*.conf\n[include]\n; x\nfiles = supervisord.d/*.ini\n"), ours);
        assert_eq!(found("[include]\nfiles=a.conf /opt/s/*.conf"), Some("/opt/s/hookspool.conf".into()));
        assert_eq!(found("[supervisord]\n[include]\n[x]\nfiles = /no/*.conf\n"), None);
    }
}
