//! Pure. Every key that a configuration may hold: the one list behind checks, suggestions, defaults and reference.

/// A table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Before the first header.
    Top,
    /// `[runner]`.
    Runner,
    /// `[page]`.
    Page,
    /// `[defaults]`: the keys of `Hook` without those that name one hook.
    Defaults,
    /// `[[hook]]`.
    Hook,
    /// `secret = { … }`.
    Secret,
    /// `signature = { … }` of provider `generic`.
    Signature,
    /// An element of `match`.
    Match,
    /// `retry = { … }`.
    Retry,
    /// `releases = { … }`.
    Releases,
    /// An element of `steps` or `on_failure`.
    Step,
    /// `confine = { … }`.
    Confine,
    /// `env = { … }`: any name.
    Env,
    /// `[[notify]]`.
    Notify,
    /// `status = { … }`.
    CommitStatus,
    /// `[relay]`.
    Relay,
    /// `trust = { … }` of `[relay]`: any host.
    Trust,
}

impl Table {
    /// Its name in messages.
    pub fn title(self) -> &'static str {
        match self {
            Self::Top => "the top level",
            Self::Runner => "`[runner]`",
            Self::Page => "`[page]`",
            Self::Defaults => "`[defaults]`",
            Self::Hook => "`[[hook]]`",
            Self::Secret => "`secret`",
            Self::Signature => "`signature`",
            Self::Match => "an element of `match`",
            Self::Retry => "`retry`",
            Self::Releases => "`releases`",
            Self::Step => "a step",
            Self::Confine => "`confine`",
            Self::Env => "`env`",
            Self::Notify => "`[[notify]]`",
            Self::CommitStatus => "`status`",
            Self::Relay => "`[relay]`",
            Self::Trust => "`trust`",
        }
    }
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The table that holds it.
    pub table: Table,
    /// As it is typed.
    pub name: &'static str,
    /// Type of the value.
    pub kind: &'static str,
    /// Value when it is absent, as it would be typed; `REQUIRED`, or a word in parentheses.
    pub default: &'static str,
    /// One line.
    pub meaning: &'static str,
}

/// `Key::default` of a key that must be there.
pub const REQUIRED: &str = "(required)";

const fn key(
    table: Table,
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Key {
    Key { table, name, kind, default, meaning }
}

/// The reference.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key(Table::Top, "spool", "absolute path", REQUIRED, "directory of the spool"),
    key(Table::Top, "body_limit", "size", "25MiB", "largest payload, 1KiB to 1GiB"),
    key(Table::Top, "sandbox", "`auto`, `require` or `off`", "auto", "how far a receiver gives up what it never needs, \
        see SANDBOX"),
    key(Table::Top, "runner", "table", "(none)", "settings of the runner"),
    key(Table::Top, "page", "table", "(none)", "a page for people, in static files"),
    key(Table::Top, "relay", "table", "(none)", "this host among others: \
        where jobs are sent, or come from"),
    key(Table::Top, "defaults", "table", "(none)", "hook settings that a hook may override, each as a whole"),
    key(Table::Top, "notify", "array of tables", "(none)", "one table for each target of messages"),
    key(Table::Top, "hook", "array of tables", "(none)", "one table for each hook"),

    key(Table::Runner, "workers", "integer", "1", "queues that run side by side, 1 to 64"),
    key(Table::Runner, "log_dir", "absolute path", "(`log/` in the spool)", "directory of the daily application logs"),
    key(Table::Runner, "metrics", "absolute path", "(none)", "file for Prometheus' node exporter, such as \
        `/var/lib/prometheus/node-exporter/hookspool.prom`, in a directory that the runner may write to"),
    key(Table::Runner, "keep", "duration", "30d", "how long jobs that ended well stay, with their logs; \
        failed ones stay until you remove them"),
    key(Table::Runner, "keep_count", "integer", "(any number)", "how many of them stay at most, the newest"),
    key(Table::Runner, "grace", "duration", "60s", "how long a stopping runner lets the running job go on"),

    key(Table::Page, "dir", "absolute path", REQUIRED, "directory of the page's files, which the runner writes; \
        the directory that holds it must be there"),
    key(Table::Page, "url", "URL", "(none)", "where people find it; it goes into messages and commit statuses"),
    key(Table::Page, "logs", "true or false", "false", "the jobs' logs on it, too: whoever may open the page reads \
        what the steps printed"),
    key(Table::Page, "title", "string", "Deployments", "its heading"),

    key(Table::Hook, "name", "string", REQUIRED, "last part of its URL: letters, digits, `.`, `_` and `-`"),
    key(Table::Hook, "path", "path of a URL", "(none)", "another whole path that it answers on"),
    key(Table::Hook, "provider", "word", REQUIRED, "who sends the deliveries"),
    key(Table::Hook, "secret", "table or array of tables", REQUIRED, "where the secrets are read from"),
    key(Table::Hook, "version", "1 or 2", "2", "version of the webhooks of provider `coding`"),
    key(Table::Hook, "signature", "table", "(none)", "how a sender of provider `generic` signs"),
    key(Table::Hook, "authorization", "word", "(none)", "the secret comes in `Authorization`: `bearer`, \
        `basic` (secret `user:password`) or `verbatim`; for `generic`, `gitea`, `forgejo`"),
    key(Table::Hook, "token_header", "string", "(none)", "header in which the secret itself comes; for `generic`"),
    key(Table::Hook, "allow_get", "true or false", "false", "accept deliveries of `gitea` or `forgejo` by GET, \
        with the payload in the query"),
    key(Table::Hook, "payload", "word", "any", "of a sender that may send anything: `any`, \
        each delivery is a push of nothing in particular; `github`, it has GitHub's `ref`, `before` and `after`, \
        as is meant where the hook has `branches` or `tags`; for `standard-webhooks`, `stripe`, `slack`, `generic`"),
    key(Table::Hook, "delivery_header", "string", "(none)", "header with an id of the delivery, \
        by which a repeat is known; for `generic`"),
    key(Table::Hook, "repository", "string", "(any)", "the only repository accepted, `owner/name`"),
    key(Table::Hook, "events", "array of words", "push", "kinds of event that become jobs: `push`, `tag`, `delete`, \
        `merge`, `release`, `released` (GitHub: no pre-release, or none any more), `package`, `ci` (CI succeeded)"),
    key(Table::Hook, "branches", "array of globs", "(the repository's default branch)", "branches that become jobs"),
    key(Table::Hook, "tags", "array of globs", "(none)", "tags that become jobs"),
    key(Table::Hook, "paths", "array of globs", "(any)", "run only if one of these files changed"),
    key(Table::Hook, "skip", "array of strings", "(`[skip deploy]` and `[deploy skip]`)", "not if the head commit's \
        message holds one of these; `[]`: always"),
    key(Table::Hook, "match", "array of tables", "(none)", "run only if all of these fields of the payload are as they \
        say"),
    key(Table::Hook, "dir", "absolute path", REQUIRED, "work directory of the steps; a hook with `releases` has none"),
    key(Table::Hook, "releases", "table", "(none)", "each job makes a directory of its own, in which its steps work, \
        and the link `current` is switched to it"),
    key(Table::Hook, "rollback", "word", "by-hand", "when a step after the switch fails: `on-failure` switches back \
        to the release before, `by-hand` leaves that to you"),
    key(Table::Hook, "hosts", "array of strings", "(this host alone)", "hosts that run its jobs, by their names in \
        `[relay]`; without this one's own name the jobs are passed on only, and `dir` and `steps` may be left out"),
    key(Table::Hook, "from", "array of strings", "(none)", "hosts whose jobs it takes, in the place of `provider` and \
        `secret`; each stands in `trust` of `[relay]`"),
    key(Table::Hook, "queue", "string", "(the hook's name)", "jobs of a queue run one after the other"),
    key(Table::Hook, "when_newer", "word", "supersede", "of several waiting jobs for one ref: \
        `supersede` runs the newest, `keep` all, `replace` the newest and stops the running one"),
    key(Table::Hook, "retry", "table", "(three attempts)", "how often a failed job is tried"),
    key(Table::Hook, "on_interrupt", "word", "retry", "what becomes of a job that a crash cut short: \
        `retry` or `hold`"),
    key(Table::Hook, "env", "table", "(none)", "variables of the steps' environment, as in \
        `{ NODE_ENV = \"production\" }`; `{ TOKEN = { file = \"/path\" } }` keeps a secret in a file; \
        nothing in a value is expanded"),
    key(Table::Hook, "confine", "true, false or table", "false", "runs its `run` and `shell` steps in a box: they see \
        the system, and write below `dir` and a `HOME` of the hook's own; see CONFINED STEPS"),
    key(Table::Hook, "umask", "octal string", "022", "permissions that files of the steps never have, as in `\"027\"`"),
    key(Table::Hook, "ssh_key", "absolute path", "(those of the runner's user)", "private key by which git and ssh \
        in the steps log in, and no other; its owner alone may read it"),
    key(Table::Hook, "timeout", "duration", "15m", "longest time of one attempt"),
    key(Table::Hook, "steps", "array of steps", REQUIRED, "what a job does, in order"),
    key(Table::Hook, "silence", "duration", "(none)", "longest time in which a step prints nothing"),
    key(Table::Hook, "reconcile", "duration", "(never)", "how often to ask the remote whether a delivery was missed"),
    key(Table::Hook, "on_failure", "array of steps", "(none)", "what is run after the last attempt failed"),
    key(Table::Hook, "on_success", "array of steps", "(none)", "what is run after a success"),
    key(Table::Hook, "on_recovery", "array of steps", "(none)", "what is run after the first success that follows a \
        failure of the same hook and branch"),
    key(Table::Hook, "always", "array of steps", "(none)", "what is run after each job that has ended"),

    key(Table::Hook, "notify", "array of strings", "(nobody)", "names of the `[[notify]]` that are told of its jobs"),
    key(Table::Hook, "status", "table", "(none)", "shows the state of a job at the commit, on the forge; for `github`, \
        `gitea`, `forgejo`, `gitlab`, `bitbucket`, `bitbucket-server`, `azure-devops`, `codeup`; in `[defaults]` it \
        counts for the hooks of these"),

    key(Table::CommitStatus, "token", "table", REQUIRED, "where the token is read from, as with `secret`"),
    key(Table::CommitStatus, "api", "URL", "(that of github.com, gitlab.com, bitbucket.org)", "address of the forge; \
        the token is sent nowhere else"),
    key(Table::CommitStatus, "repository", "string", "(the hook's `repository`)", "`owner/name`; never taken from a \
        delivery"),

    key(Table::Notify, "name", "string", REQUIRED, "its name in `notify` of a hook: letters, digits, `_` and `-`"),
    key(Table::Notify, "kind", "word", REQUIRED, "the service: `slack`, `discord`, `dingtalk`, `feishu`, `wecom`, \
        `telegram`, `teams`, `matrix`, `ntfy`, `gotify`, `mail`, `webhook`"),
    key(Table::Notify, "url", "table or URL", "(none)", "where the address is read from, as with `secret`: of `slack`, \
        `discord`, `dingtalk`, `feishu`, `wecom` and `teams` it is the secret; of the others it may stand here"),
    key(Table::Notify, "token", "table", "(none)", "where the token is read from; for `telegram`, `matrix`, `ntfy`, \
        `gotify`"),
    key(Table::Notify, "sign", "table", "(none)", "where the secret is read from that messages are signed with; for \
        `dingtalk`, `feishu`, `webhook`"),
    key(Table::Notify, "room", "string", "(none)", "id of the room; for `matrix`"),
    key(Table::Notify, "chat_id", "string or integer", "(none)", "the chat; for `telegram`"),
    key(Table::Notify, "topic", "string or integer", "(none)", "the topic; for `ntfy`, and of a group of `telegram`"),
    key(Table::Notify, "to", "string or array of strings", "(none)", "addresses; for `mail`"),
    key(Table::Notify, "from", "string", "(none)", "address of the sender; for `mail`"),
    key(Table::Notify, "on", "word", "change", "of which jobs: `change` is the first failure and the recovery, by \
        hook, repository and branch; `failure` is each failure; `always` is each job that ran"),
    key(Table::Notify, "max", "string", "(below the service's limit)", "messages in a time, as in `20/10m`; what is \
        more is told in one summary"),

    key(Table::Secret, "file", "absolute path", "(none)", "a file that holds nothing but the secret"),
    key(Table::Secret, "env", "string", "(none)", "name of an environment variable"),
    key(Table::Secret, "credential", "string", "(none)", "name of a systemd credential"),
    key(Table::Secret, "expires", "date or time", "(never)", "last day (UTC), or moment, on which it counts, \
        while it is rotated"),

    key(Table::Signature, "header", "string", REQUIRED, "header that holds the signature"),
    key(Table::Signature, "algorithm", "word", "sha256", "hash of the HMAC: `sha1`, `sha256` or `sha512`"),
    key(Table::Signature, "encoding", "word", "hex", "how the digest is written: `hex`, `base64` or `base64url`"),
    key(Table::Signature, "prefix", "string", "(empty)", "text before the digest; of several signatures in the header, \
        parted by commas, semicolons or blanks, one must be right"),
    key(Table::Signature, "time_header", "string", "(none)", "header with the time that is signed, too: \
        seconds or milliseconds since 1970, or RFC 3339"),
    key(Table::Signature, "time_prefix", "string", "(none)", "text before that time where it stands in the signature's \
        header, as `t=`"),
    key(Table::Signature, "signed", "string", "{time}.{body}", "what is signed where the time is: `{body}` once, \
        `{time}`, and any text"),
    key(Table::Signature, "tolerance", "duration", "5m", "how far that time may be from this machine's clock, \
        either way"),

    key(Table::Match, "field", "JSON pointer", REQUIRED, "place in the payload, as `/repository/name`"),
    key(Table::Match, "equals", "string, integer or boolean", "(none)", "value that the field must have"),
    key(
        Table::Match,
        "regex",
        "regular expression",
        "(none)",
        "pattern that the text of the field must contain; `\\p{…}` takes general categories and scripts",
    ),

    key(Table::Relay, "name", "string", REQUIRED, "name of this host among the others: lower-case letters, digits \
        and `-`"),
    key(Table::Relay, "servers", "array of URLs", REQUIRED, "NATS servers, as `tls://nats.example.org:4222`; \
        `nats://` only to this machine itself"),
    key(Table::Relay, "credentials", "table", "(none)", "`{ file = … }` or `{ credential = … }` with the seed of the \
        nkey by which the servers know this host"),
    key(Table::Relay, "ca", "absolute path", "(the system's)", "certificates (PEM) that the servers' are checked \
        against, beside the system's"),
    key(Table::Relay, "stream", "string", "hookspool", "name of the stream"),
    key(Table::Relay, "prefix", "string", "hookspool", "first word of all subjects"),
    key(Table::Relay, "sign", "table", "(none)", "`{ file = … }` or `{ credential = … }` with the key by which jobs \
        are signed, made by `hookspool relay key`; where jobs are sent"),
    key(Table::Relay, "trust", "table", "(nobody)", "hosts whose jobs are taken, with their public keys: \
        `{ gate = \"ed25519:…\" }`"),
    key(Table::Relay, "window", "integer", "64", "most jobs of one host that wait in the stream, 1 to 1024; \
        the others wait here"),
    key(Table::Relay, "keep", "duration", "14d", "how long a job is offered to a host that does not take it, and how \
        old one may be that is taken"),
    key(Table::Relay, "payload", "word", "fits", "of a payload that is larger than the servers allow: `fits` sends the \
        job without it, `always` lets the job wait, `never` sends none at all"),

    key(Table::Retry, "attempts", "integer", "3", "attempts in all, 1 to 100"),
    key(Table::Retry, "backoff", "duration", "30s", "bound of the wait after the first attempt; doubles each time"),
    key(Table::Retry, "cap", "duration", "15m", "largest bound of the wait"),
    key(Table::Retry, "on", "word", "transient", "which failures: `transient` ones (exit 75, git lock, \
        network) or any `failure`"),

    key(Table::Releases, "dir", "absolute path", REQUIRED, "directory of `releases/`, `shared/`, `repo/`, \
        `current` and `releases.log`"),
    key(Table::Releases, "keep", "integer", "5", "good releases that stay, 1 to 1000; the current one \
        and the one before it always do"),
    key(Table::Releases, "shared", "array of relative paths", "(none)", "files and directories that all \
        releases share: in each a link leads to `shared/`"),
    key(Table::Releases, "from", "URL or path", "(none)", "where a release comes from, \
        unless a step with `git` says so"),

    key(Table::Confine, "read", "array of paths", "(none)", "files and directories that a step reads, and starts \
        programs from, beside those of the system; `~/` is the home of the runner's user"),
    key(Table::Confine, "write", "array of paths", "(none)", "those that it writes, beside its own; they \
        must be there"),
    key(Table::Confine, "network", "true or false", "true", "`false`: no network, not even to this host"),
    key(Table::Confine, "local_sockets", "true or false", "false", "`true`: it may connect to servers of this host \
        through sockets that are files; one that acts for whoever asks (D-Bus, docker, an agent of ssh) leads out \
        of the box"),
    key(Table::Confine, "fallback", "word", "refuse", "where the kernel has no Landlock: `refuse` holds the job, `run` \
        runs the step without a box"),

    key(Table::Step, "git", "word", "(none)", "`update`: fetch and move the work tree to what was pushed"),
    key(Table::Step, "from", "URL or path", "(none)", "with `git`: clone from here when `dir` is empty; \
        after that the repository's own remote counts, until `from` is changed"),
    key(Table::Step, "remote", "string", "origin", "with `git`: the remote to fetch from"),
    key(Table::Step, "in_the_way", "word", "stop", "with `git`: what becomes of files that git does not track where \
        the commit needs their place: `stop` leaves all as it is and names them, \
        `move-aside` moves them below the git directory"),
    key(Table::Step, "forward_only", "true or false", "false", "with `git`: stop at a commit that does not contain the \
        one that is deployed, such as an older tag or a branch that was set back"),
    key(Table::Step, "depth", "integer", "(all of it)", "with `git`: fetch only so many commits of the history"),
    key(Table::Step, "switch", "word", "(none)", "`current`: with `releases`, the release of this job becomes the one \
        that `current` leads to; without such a step it follows the last of `steps`"),
    key(Table::Step, "remove", "relative path", "(none)", "a path below `dir` that is gone afterwards"),
    key(Table::Step, "publish", "relative path", "(none)", "a directory below `dir` of which a copy takes the place of \
        `to` in one step: a reader finds the old tree or the new one, whole, and after a failure the old one"),
    key(Table::Step, "to", "absolute path", "(none)", "with `publish`: a directory, a link to one, or nothing yet; \
        the directory that holds it must be there"),
    key(Table::Step, "run", "array of strings", "(none)", "a program and its arguments, without a shell"),
    key(Table::Step, "shell", "string", "(none)", "a command for `/bin/sh -c`"),
    key(Table::Step, "env", "table", "(none)", "variables of this step's environment, over those of the hook"),
    key(Table::Step, "confine", "true, false or table", "(the hook's)", "its box, in the \
        place of the hook's as a whole"),
    key(Table::Step, "timeout", "duration", "(what the attempt has left)", "longest time of the step"),
    key(Table::Step, "silence", "duration", "(the hook's)", "longest time in which the step prints nothing"),
    key(Table::Step, "restarts_runner", "true or false", "false", "the last step, \
        which may restart the runner of this very job"),
    key(Table::Step, "always", "true or false", "false", "run also after a failed step"),
];

/// Keys of `Hook` that name one hook, and so cannot be defaults.
const ONLY_IN_HOOK: [&str; 5] = ["name", "path", "releases", "hosts", "from"];

/// The keys that `table` may hold.
pub fn keys_of(table: Table) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| stands_in(key.table, key.name, table))
}

fn stands_in(home: Table, name: &str, table: Table) -> bool {
    match table {
        Table::Defaults => home == Table::Hook && !ONLY_IN_HOOK.contains(&name),
        _ => home == table,
    }
}

/// Default of `name`, as it would be typed.
pub(super) fn default_of(table: Table, name: &str) -> &'static str {
    KEYS.iter().find(|key| key.table == table && key.name == name).map_or("", |key| key.default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_listed_twice() {
        for (index, key) in KEYS.iter().enumerate() {
            let twin = KEYS[index + 1..].iter().find(|other| other.table == key.table && other.name == key.name);
            assert!(twin.is_none(), "{key:?}");
        }
    }

    #[test]
    fn defaults_hold_every_hook_setting_but_those_that_name_one_hook() {
        let names: Vec<_> = keys_of(Table::Defaults).map(|key| key.name).collect();
        assert!(ONLY_IN_HOOK.iter().all(|name| !names.contains(name)));
        assert_eq!(names.len(), keys_of(Table::Hook).count() - ONLY_IN_HOOK.len());
    }
}
