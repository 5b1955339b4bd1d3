//! Pure. The meaning of git's messages (in the C locale, which git is run in).
//!
//! A command that speaks with a remote and fails for no reason known here has met a trouble that passes by itself:
//! connections break in more ways than a list could name.

use std::path::PathBuf;

/// Longest quotation of git's own words, in characters.
const QUOTE_LIMIT: usize = 300;

/// Cause of a failed git command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// A lock file is in the way.
    Locked(PathBuf),
    /// The other side could not be reached, or broke off.
    Network,
    /// The remote does not have the wanted reference.
    Vanished,
    /// A repository on this machine belongs to another user: the work tree, or the remote.
    Ownership(PathBuf),
    /// There is no repository here.
    NoRepository,
    /// ssh does not know the host.
    HostKey,
    /// The host has another key than ssh knows.
    HostKeyChanged,
    /// The ssh key is not let in.
    SshKey,
    /// Over HTTP: no name and password, or not the right ones.
    Credentials,
    /// The TLS certificate of the host is not accepted.
    Certificate,
    /// The remote has no such repository, or hides it.
    NotFound,
    /// No space on this machine's disk.
    DiskFull,
    /// This user may not read or write what is here.
    Permission,
    /// This machine is short of memory or processes.
    Shortage,
    /// The repository here is damaged.
    Damaged,
    /// The index here is damaged, which can be made anew.
    DamagedIndex,
    /// The remote's objects have the other hash: this one, as git calls it.
    OtherFormat(String),
    /// A program that filters files is not installed.
    MissingFilter,
    /// An old branch's name stands in the way of a new one's (`a` and `a/b`).
    NameInTheWay,
    /// Anything else.
    Other,
}

/// Cause of a failed git command, and the line in which git says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GitFailure {
    pub(super) cause: Cause,
    pub(super) line: String,
}

/// Phrases of git, curl, ssh and forges that say what does not pass by itself, the telling ones first; in lower case.
/// The last line that has one is quoted.
const KNOWN: [(Cause, &[&str]); 18] = [
    (Cause::DiskFull, &["no space left on device", "out of diskspace", "disk quota exceeded"]),
    (
        Cause::MissingFilter,
        &["git-lfs: not found", "git-lfs: command not found", "'lfs' is not a git command", "git-lfs: no such file"],
    ),
    (Cause::HostKeyChanged, &["remote host identification has changed", "host key for "]),
    (Cause::HostKey, &["host key verification failed"]),
    (Cause::SshKey, &["permission denied (", "too many authentication failures"]),
    (
        Cause::NotFound,
        &[
            "repository not found",
            "' not found",
            "returned error: 404",
            "returned error: 410",
            "does not appear to be a git repository",
            "could not be found",
            "repository not exported",
            "object does not exist on the server",
            "repository does not exist",
            "do not have permission",
            "[not found]",
        ],
    ),
    (
        Cause::Credentials,
        &[
            "authentication failed",
            "could not read username",
            "could not read password",
            "unable to get password",
            "returned error: 401",
            "returned error: 403",
            "access denied",
            "authorization failed",
            "authorization error",
            "authentication required",
            "unauthorized",
            "not authorized",
            "forbidden",
        ],
    ),
    (
        Cause::Certificate,
        &["certificate problem", "certificate verification failed", "alternative certificate subject name"],
    ),
    (Cause::Vanished, &["couldn't find remote ref", "not our ref", "unadvertised object"]),
    (Cause::NoRepository, &["not a git repository"]),
    (
        Cause::Shortage,
        &[
            "resource temporarily unavailable",
            "cannot allocate memory",
            "out of memory",
            "cannot fork",
            "died of signal",
        ],
    ),
    (Cause::Permission, &[": permission denied", "insufficient permission", "read-only file system"]),
    (Cause::NameInTheWay, &["exists; cannot create"]),
    // What was received was cut: said of a pack, it is not the repository that is damaged.
    (Cause::Network, &["early eof", "pack has bad object", "pack is corrupted", "rpc failed", "unexpected disconnect"]),
    (Cause::DamagedIndex, &["index file corrupt", "bad index file", "index file smaller", "bad signature 0x"]),
    (
        Cause::Damaged,
        &[
            "is corrupt",
            "corrupt loose object",
            "object corrupt",
            "unable to unpack",
            "inflate: ",
            "object file ",
            "bad object",
            "unable to read tree",
            "unable to read sha1",
            "unable to parse object",
            "bad tree object",
            "missing object",
            "cannot be accessed",
        ],
    ),
    (
        Cause::Other,
        &[
            "' not allowed",
            "unable to find remote helper",
            "not supported",
            "bad config",
            "bad numeric config",
            "bad boolean config",
            "cannot run ",
            "repository corruption on the remote side",
            "suspicious submodule",
            "no url found for submodule",
            "would be overwritten",
            "is in the way",
            "not an empty directory",
        ],
    ),
    (Cause::Network, &["promisor remote", "smudge filter", "external filter"]),
];

/// Causes that only a message of this machine's own git can tell of, not the remote's.
const OF_HERE: [Cause; 5] = [Cause::DiskFull, Cause::Permission, Cause::Shortage, Cause::Damaged, Cause::DamagedIndex];

/// The failure of a command that printed `err` to standard error; `is_remote`: it speaks with a remote.
pub(super) fn failure(err: &str, is_remote: bool) -> GitFailure {
    let special = lock_file(err)
        .map(Cause::Locked)
        .or_else(|| foreign_repository(err).map(Cause::Ownership))
        .or_else(|| other_format(err).map(Cause::OtherFormat));
    if let Some(cause) = special {
        return GitFailure { cause, line: quote(err) };
    }
    for (cause, phrases) in KNOWN {
        let says = |line: &&str| {
            let lower = line.to_lowercase();
            !(OF_HERE.contains(&cause) && lower.starts_with("remote: ")) && phrases.iter().any(|p| lower.contains(p))
        };
        if let Some(line) = err.lines().rfind(says) {
            let line = match cause {
                Cause::Network => quote(err),
                Cause::SshKey => with_key(err, &clean(line)),
                _ => clean(line),
            };
            return GitFailure { cause, line };
        }
    }
    GitFailure { cause: if is_remote { Cause::Network } else { Cause::Other }, line: quote(err) }
}

/// The repository that git does not trust.
fn foreign_repository(err: &str) -> Option<PathBuf> {
    let (_, path) = err.split_once("detected dubious ownership in repository at '")?;
    Some(PathBuf::from(path.lines().next()?.strip_suffix('\'')?))
}

fn lock_file(err: &str) -> Option<PathBuf> {
    if let Some((path, _)) =
        err.split_once("Unable to create '").and_then(|(_, rest)| rest.split_once("': File exists"))
    {
        return Some(PathBuf::from(path));
    }
    let (path, _) = err.split_once("could not lock config file ")?.1.split_once(": File exists")?;
    Some(PathBuf::from(format!("{path}.lock")))
}

/// The hash of the remote's objects, where this repository has another.
fn other_format(err: &str) -> Option<String> {
    let (_, hash) = err.split_once("mismatched algorithms: client ")?.1.split_once("; server ")?;
    Some(hash.lines().next()?.trim().to_owned())
}

/// The refusal of a key, with what ssh says of the key's file.
fn with_key(err: &str, refusal: &str) -> String {
    let of_key = err.lines().rfind(|line| line.starts_with("Load key ") || line.contains("are too open"));
    of_key.map_or_else(|| refusal.to_owned(), |of_key| format!("{}; {refusal}", clean(of_key)))
}

/// Lines that say that something failed, and not what.
const EMPTY_WORDS: [&str; 18] = [
    "could not read from remote repository",
    "please make sure you have the correct access rights",
    "and the repository exists",
    "the remote end hung up",
    "early eof",
    "index-pack failed",
    "invalid index-pack output",
    "failed to clone",
    "in submodule path",
    "into submodule path",
    "could not fetch ",
    "unable to checkout ",
    "hint: ",
    "warning: ",
    "cloning into ",
    "errors logged to ",
    "external filter ",
    "smudge filter ",
];

/// The line in which git, or who it speaks with, says what is wrong.
fn quote(err: &str) -> String {
    let lines: Vec<&str> = err.lines().map(str::trim_end).filter(|line| !line.trim().is_empty()).collect();
    let tells = |line: &&&str| !EMPTY_WORDS.iter().any(|words| line.to_lowercase().contains(words));
    let is_verdict = |line: &&&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let telling = lines.iter().filter(tells).find(is_verdict).or_else(|| lines.iter().rfind(tells));
    let line = telling.or_else(|| lines.iter().find(is_verdict)).or_else(|| lines.last());
    clean(line.unwrap_or(&"git said nothing"))
}

/// One line without control characters, of bounded length.
fn clean(line: &str) -> String {
    let line = line.rsplit('\r').next().unwrap_or(line).trim();
    let line = line.strip_prefix("remote: ").unwrap_or(line);
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a command that speaks with a remote.
    fn cause(err: &str) -> Cause {
        failure(err, true).cause
    }

    #[test]
    fn messages_are_told_apart() {
        let lock = "fatal: Unable to create '/srv/x/.git/index.lock': File exists.\n\nAnother git process seems…";
        let config = "error: could not lock config file .git/config: File exists";
        let hung_up = "fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access";
        for (err, expected) in [
            (lock, Cause::Locked("/srv/x/.git/index.lock".into())),
            (config, Cause::Locked(".git/config.lock".into())),
            ("fatal: couldn't find remote ref refs/heads/x", Cause::Vanished),
            ("fatal: remote error: upload-pack: not our ref aa", Cause::Vanished),
            ("ssh: connect to host h port 22: Connection refused\nfatal: Could not read", Cause::Network),
            ("error: RPC failed; curl 92\nfatal: early EOF", Cause::Network),
            ("fatal: pack has bad object at offset 12: inflate returned -5\nfatal: early EOF", Cause::Network),
            ("error: index-pack died\nremote: No space left on device", Cause::Network),
            ("Connection to h closed by remote host.\nfatal: Could not read", Cause::Network),
            (
                "git@h: Permission denied (publickey).\nConnection closed by 1.2.3.4\nfatal: Could not read",
                Cause::SshKey,
            ),
            ("fatal: Authentication failed for 'https://h/x/'", Cause::Credentials),
            ("fatal: unable to access 'http://h/': The requested URL returned error: 403", Cause::Credentials),
            ("remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h'", Cause::Credentials),
            ("fatal: repository 'http://h/x/' not found", Cause::NotFound),
            ("ERROR: Repository not found.\nfatal: Could not read from remote repository.", Cause::NotFound),
            ("remote: The project you were looking for could not be found", Cause::NotFound),
            ("fatal: '/x' does not appear to be a git repository\nfatal: Could not read", Cause::NotFound),
            ("Host key verification failed.\nfatal: Could not read from remote repository.", Cause::HostKey),
            ("fatal: unable to access 'https://h/': SSL certificate problem: self-signed", Cause::Certificate),
            ("fatal: write error: No space left on device\nfatal: index-pack failed", Cause::DiskFull),
            ("error: bad signature 0x00000000\nfatal: index file corrupt", Cause::DamagedIndex),
            ("error: object file .git/objects/aa/bb is empty\nfatal: loose object aabb", Cause::Damaged),
            ("git-lfs filter-process: 1: git-lfs: not found\nfatal: the remote end hung up", Cause::MissingFilter),
            ("error: cannot open '.git/FETCH_HEAD': Permission denied", Cause::Permission),
            ("error: insufficient permission for adding an object to repository database", Cause::Permission),
            ("error: cannot fork() for ssh: Resource temporarily unavailable", Cause::Shortage),
            ("error: index-pack died of signal 9\nfatal: index-pack failed", Cause::Shortage),
            ("remote: error: pack-objects died of signal 9\nfatal: early EOF", Cause::Network),
            ("Forgejo: Unauthorized\nfatal: Could not read from remote repository.", Cause::Credentials),
            ("fatal: remote error: access denied or repository not exported: /x", Cause::NotFound),
            ("fatal: detected dubious ownership in repository at '/srv/x'\nTo add", Cause::Ownership("/srv/x".into())),
            ("fatal: mismatched algorithms: client sha1; server sha256", Cause::OtherFormat("sha256".into())),
            ("fatal: transport 'ext' not allowed", Cause::Other),
            (
                "error: cannot lock ref 'refs/remotes/origin/a/b': 'refs/remotes/origin/a' exists; cannot create",
                Cause::NameInTheWay,
            ),
            (hung_up, Cause::Network),
            ("", Cause::Network),
        ] {
            assert_eq!(cause(err), expected, "{err}");
        }
        assert_eq!(failure("error: something else", false).cause, Cause::Other);
    }

    #[test]
    fn over_http_what_a_server_or_curl_says_passes_by_itself_but_for_what_is_known() {
        for code in [408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525] {
            let err = format!("fatal: unable to access 'http://h/': The requested URL returned error: {code}");
            assert_eq!(cause(&err), Cause::Network, "{err}");
        }
        for words in ["Empty reply from server", "Could not resolve host: h", "gnutls_handshake() failed", "OpenSSL"] {
            assert_eq!(cause(&format!("fatal: unable to access 'http://h/': {words}")), Cause::Network, "{words}");
        }
    }

    #[test]
    fn the_telling_line_is_quoted_and_not_what_was_said_around_it() {
        let line = |err: &str| failure(err, true).line;
        assert_eq!(line("From h\nfatal: no\u{1b}[1m\nhint: x\n"), "fatal: no [1m");
        assert_eq!(
            line(
                "Connection to h closed by remote host.\nfatal: Could not read from remote repository.\n\nPlease \
                         make sure you have the correct access rights\nand the repository exists.\n"
            ),
            "Connection to h closed by remote host."
        );
        assert_eq!(
            line("fatal: Could not read from remote repository.\n"),
            "fatal: Could not read from remote repository."
        );
        assert_eq!(line("remote: Repository not found.\nfatal: x"), "Repository not found.");
        assert_eq!(
            line("error: unable to write file big\nfatal: write error. Out of diskspace"),
            "fatal: write error. Out of diskspace"
        );
        assert_eq!(
            line("Load key \"/k\": bad permissions\ngit@h: Permission denied (publickey).\nfatal: Could not read"),
            "Load key \"/k\": bad permissions; git@h: Permission denied (publickey)."
        );
        assert_eq!(line("one\n\ntwo\n"), "two");
        assert_eq!(line(""), "git said nothing");
    }
}
