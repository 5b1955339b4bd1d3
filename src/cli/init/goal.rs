//! Pure. One thing that is to be so, and the words for it.

use super::owner::Owner;
use std::path::{Path, PathBuf};

/// A fact that `init` brings about, unless it is one already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// A user and a group for receiver and runner.
    User {
        name: String,
        home: PathBuf,
    },
    /// A user in a group.
    Member {
        user: String,
        group: String,
    },
    Directory(Directory),
    File(TextFile),
    Secret(SecretFile),
    /// This program, at a place from which services may start it.
    Program {
        from: PathBuf,
        to: PathBuf,
    },
    /// A link that enables a part of a server's configuration.
    Link {
        at: PathBuf,
        to: PathBuf,
    },
    /// A line at the end of a file that somebody else wrote.
    Line {
        file: PathBuf,
        line: String,
    },
    /// Parts of a web server's configuration, which are taken back when the server refuses them.
    Checked {
        parts: Vec<Goal>,
        check: Run,
    },
    Command(ConditionalRun),
    /// A line of the account's crontab.
    Cron {
        line: String,
        owner: Owner,
    },
    /// A key by which the runner's user reads a private repository.
    Key {
        file: PathBuf,
        owner: Owner,
    },
    /// The key of a host, in the `known_hosts` of the runner's user.
    KnownHost(KnownHost),
    /// A spool that the runner's user has made.
    Spool {
        spool: PathBuf,
        run: Run,
    },
    /// The hook answers at its URL.
    Answers(Answers),
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    /// True if its mode and owner are ours to set, also when it is there already.
    pub(super) is_ours: bool,
}

/// A file whose content is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextFile {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    pub(super) text: String,
    /// The text that it may take the place of.
    pub(super) replaces: Option<String>,
}

/// A file whose content nobody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretFile {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    pub(super) owner: Owner,
    /// File to copy; `None`: a fresh secret.
    pub(super) from: Option<PathBuf>,
    /// Text before a fresh secret.
    pub(super) prefix: &'static str,
}

/// A command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ConditionalRun {
    pub(super) run: Run,
    /// Not if all of these succeed, and there is such.
    pub(super) unless: Vec<Run>,
    /// Only if all of these succeed.
    pub(super) only_if: Vec<Run>,
    /// Only if one of these files was written; empty: whatever was.
    pub(super) after: Vec<PathBuf>,
}

/// A program with its arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) argv: Vec<String>,
    /// The user as whom it runs; `None`: whoever runs `init`.
    pub(super) user: Option<String>,
}

impl Run {
    pub(super) fn new(argv: &[&str]) -> Self {
        Self { argv: argv.iter().map(|&word| word.to_owned()).collect(), user: None }
    }

    /// As a person would type it.
    pub(super) fn shown(&self) -> String {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
        let quoted = |word: &String| {
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', "'\\''"))
            }
        };
        self.argv.iter().map(quoted).collect::<Vec<_>>().join(" ")
    }
}

/// The key of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownHost {
    pub(super) host: String,
    pub(super) port: String,
    pub(super) file: PathBuf,
    pub(super) owner: Owner,
}

/// A hook's URL, and what to do until it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers {
    pub(super) at: Url,
    pub(super) remedies: Vec<Run>,
}

/// A URL that is asked, and the name in its `Host`, where that is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) url: String,
    pub(super) host: Option<String>,
}

impl Goal {
    /// The goal, in a line.
    pub(super) fn title(&self) -> String {
        let owned = |path: &Path, mode: u32, owner: &Owner| {
            format!("{} ({mode:04o} {}:{})", path.display(), owner.user, owner.group)
        };
        match self {
            Self::User { name, home } => format!("system user and group {name}, home {}", home.display()),
            Self::Member { user, group } => format!("user {user} in group {group}"),
            Self::Directory(it) => format!("directory {}", owned(&it.path, it.mode, &it.owner)),
            Self::File(it) if it.replaces.is_some() => format!("file {}", it.path.display()),
            Self::File(it) => format!("file {}", owned(&it.path, it.mode, &it.owner)),
            Self::Secret(it) => format!("secret {}", owned(&it.path, it.mode, &it.owner)),
            Self::Program { to, .. } => format!("this program at {}", to.display()),
            Self::Link { at, to } => format!("link {} to {}", at.display(), to.display()),
            Self::Line { file, .. } => format!("a line in {}", file.display()),
            Self::Checked { check, .. } => format!("web server's part, tested by `{}`", check.shown()),
            Self::Command(it) => format!("command {}", it.run.shown()),
            Self::Cron { owner, .. } => format!("a line in the crontab of {}", owner.user),
            Self::Key { file, .. } => format!("deploy key {}", file.display()),
            Self::KnownHost(it) => format!("key of host {} in {}", it.name(), it.file.display()),
            Self::Spool { spool, .. } => format!("spool {}", spool.display()),
            Self::Answers(it) => format!("answer of {}", it.at.url),
        }
    }

    /// The files that it writes.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File(it) => vec![it.path.clone()],
            Self::Secret(it) => vec![it.path.clone()],
            Self::Link { at: file, .. } | Self::Line { file, .. } | Self::Program { to: file, .. } => {
                vec![file.clone()]
            }
            Self::Checked { parts, .. } => parts.iter().flat_map(Self::files).collect(),
            _ => Vec::new(),
        }
    }

    /// The text or command of the goal, in full.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::File(it) => it.text.clone(),
            Self::Line { line, .. } | Self::Cron { line, .. } => format!("{line}\n"),
            Self::Secret(SecretFile { from: Some(from), .. }) => format!("a copy of {}\n", from.display()),
            Self::Secret(_) => "64 hexadecimal digits, of 32 random bytes\n".to_owned(),
            Self::Spool { run, .. } => format!("{}\n", run.shown()),
            Self::Answers(it) => it.remedies.iter().map(Run::shown).collect::<Vec<_>>().join("\n"),
            _ => String::new(),
        }
    }
}

impl KnownHost {
    /// As `known_hosts` has it (sshd(8)).
    pub(super) fn name(&self) -> String {
        if self.port == "22" { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) }
    }
}
