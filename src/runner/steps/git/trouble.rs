//! Pure. What git's messages mean (in the C locale, which git is run in).

use std::path::PathBuf;

/// Longest quotation of git's own words, in characters.
const QUOTE_LIMIT: usize = 300;

/// Why a git command failed.
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
    /// An old branch's name stands in the way of a new one's (`a` and `a/b`).
    NameInTheWay,
    /// Anything else.
    Other,
}

/// Phrases of git, curl and ssh that speak of the network, not of the repository or of rights.
const NETWORK: [&str; 24] = [
    "could not resolve host",
    "temporary failure in name resolution",
    "connection timed out",
    "operation timed out",
    "connection refused",
    "connection reset",
    "connection closed by",
    "network is unreachable",
    "no route to host",
    "failed to connect to",
    "couldn't connect to server",
    "unable to look up",
    "early eof",
    "unexpected disconnect",
    "remote end hung up unexpectedly",
    "the requested url returned error: 429",
    "the requested url returned error: 500",
    "the requested url returned error: 502",
    "the requested url returned error: 503",
    "the requested url returned error: 504",
    "gnutls recv error",
    "ssl_read",
    "rpc failed; curl",
    "kex_exchange_identification",
];

/// Words that say it was no network failure, whatever else was said.
const RIGHTS: [&str; 4] = ["permission denied", "authentication failed", "access denied", "repository not found"];

/// The cause, from what the command printed to standard error.
pub(super) fn cause(err: &str) -> Cause {
    if let Some(lock) = lock_file(err) {
        return Cause::Locked(lock);
    }
    if let Some(repository) = foreign_repository(err) {
        return Cause::Ownership(repository);
    }
    let lower = err.to_lowercase();
    let says = |phrase: &&str| lower.contains(*phrase);
    let known = [
        ("couldn't find remote ref", Cause::Vanished),
        ("not a git repository", Cause::NoRepository),
        ("host key verification failed", Cause::HostKey),
        ("exists; cannot create", Cause::NameInTheWay),
    ];
    let found = known.into_iter().find(|(phrase, _)| says(phrase)).map(|(_, cause)| cause);
    found.unwrap_or_else(|| {
        if NETWORK.iter().any(says) && !RIGHTS.iter().any(says) { Cause::Network } else { Cause::Other }
    })
}

/// The repository that git does not trust.
fn foreign_repository(err: &str) -> Option<PathBuf> {
    let (_, path) = err.split_once("detected dubious ownership in repository at '")?;
    Some(PathBuf::from(path.lines().next()?.strip_suffix('\'')?))
}

fn lock_file(err: &str) -> Option<PathBuf> {
    let (path, _) = err.split_once("Unable to create '")?.1.split_once("': File exists")?;
    Some(PathBuf::from(path))
}

/// The line in which git says what is wrong.
pub(super) fn quote(err: &str) -> String {
    let is_verdict = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = err.lines().find(is_verdict).or_else(|| err.lines().rfind(|line| !line.trim().is_empty()));
    let clean = line.unwrap_or("it said nothing").chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(QUOTE_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_told_apart() {
        let lock = "fatal: Unable to create '/srv/x/.git/index.lock': File exists.\n\nAnother git process seems…";
        assert_eq!(cause(lock), Cause::Locked("/srv/x/.git/index.lock".into()));
        for (err, expected) in [
            ("fatal: couldn't find remote ref refs/heads/x", Cause::Vanished),
            ("fatal: unable to access 'https://h/x/': Could not resolve host: h", Cause::Network),
            (
                "ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.",
                Cause::Network,
            ),
            ("error: RPC failed; curl 92\nfatal: early EOF", Cause::Network),
            (
                "git@h: Permission denied (publickey).\nConnection closed by 1.2.3.4\nfatal: Could not read",
                Cause::Other,
            ),
            ("fatal: Authentication failed for 'https://h/x/'", Cause::Other),
            ("Host key verification failed.\nfatal: Could not read from remote repository.", Cause::HostKey),
            ("fatal: detected dubious ownership in repository at '/srv/x'\nTo add", Cause::Ownership("/srv/x".into())),
            (
                "error: cannot lock ref 'refs/remotes/origin/a/b': 'refs/remotes/origin/a' exists; cannot create",
                Cause::NameInTheWay,
            ),
        ] {
            assert_eq!(cause(err), expected, "{err}");
        }
    }

    #[test]
    fn the_verdict_is_quoted_and_not_what_was_said_around_it() {
        assert_eq!(quote("From h\nfatal: no\u{1b}[1m\nhint: x\n"), "fatal: no [1m");
        assert_eq!(quote("one\n\ntwo\n"), "two");
        assert_eq!(quote(""), "it said nothing");
    }
}
