//! Pure. Messages and commit statuses, in the sentences of hookspool.toml(5).

use super::behaviour::Chapter;

/// The chapters.
pub(super) const OF_TELLING: &[Chapter] = &[
    (
        "messages",
        &[
            "A hook's `notify` names the targets (`[[notify]]`) that are told of its jobs: of the first failure and \
             of the recovery (`on = \"change\"`), of each failure, or of each job that ran. A job that is held, and so \
             waits for a person, is told to all, and its success afterwards is a recovery. Jobs that gave way, and \
             repeats, are told to nobody. `hookspool tell \
             NAME` sends a sample, and explains the answer. `deploy/MESSAGES.md` has an example of each kind, and \
             where its address comes from.",
            "Each message is a file, `outbox/ID.NAME.json`, flushed before its job is settled; it holds facts, no \
             secret and no text. The runner sends them: to one target one after the other, to all targets at the same \
             time, so that a dead one stops no other. A success is what the service itself calls one (`errcode`, \
             `code`, exactly `ok`). What fails is tried again after 5 s, 10 s, … up to an hour, or when the service \
             says (`Retry-After`); what is refused for good, or is older than 24 hours, goes to `outbox/failed/`, \
             where `status` and `doctor` show it, and goes after `keep`. To send one again, move it to `outbox/` and \
             restart the runner. After a crash a message may be sent twice, and is never lost. It changes nothing of a \
             job's outcome. A file that cannot be read as a message goes there, too: the runner warns \
             (`message-damaged`), and `status` and `doctor` count it.",
            "Of more than five messages that wait for one target, one summary is made; `max` bounds how many go out. \
             One job has one message for each target: a newer one takes the place of an older one that was not sent.",
            "`spool-runner --once` sends until nothing is left that was not tried, for 30 seconds after the last job \
             at most (with `--max-runtime` until that time, or for five seconds); the rest waits for the next run. A \
             runner that is told to stop waits two seconds for what is on its way.",
            "Nothing is sent by `http://` but to this machine, past every proxy; redirects are not followed; \
             certificates must be of an authority that this machine trusts (its `ca-certificates`, or \
             `SSL_CERT_FILE`); an answer may take 20 seconds and is read up to 64 KiB. Text of a delivery is cleaned \
             of control characters and marks of direction, escaped as the service asks, and mentions nobody. A change \
             of a secret's file counts with the next message, one of the configuration after SIGHUP; a message for a \
             target that is gone by then goes to `outbox/failed/`.",
        ],
    ),
    (
        "commit statuses",
        &[
            "`status` of a hook sets the status `hookspool/HOOK` of the commit, at the forge: pending when a job is \
             claimed, and then how it ended, also at the commit that was deployed where that is another. A job that \
             never ran sets none. For each commit they are sent in order, the last state survives a crash, and one \
             that is overtaken by the end is not sent.",
            "Address and repository are those of the configuration. Of a delivery nothing is taken but the commit and \
             the branch: whoever forged one would get the token. Rights that the token needs are in \
             `deploy/MESSAGES.md`.",
        ],
    ),
];
