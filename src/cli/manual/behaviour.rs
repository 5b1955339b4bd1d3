//! Pure. Behaviour of the program and its jobs, in the sentences of the two pages.

use super::roff::Roff;

/// Title and paragraphs.
pub(super) type Chapter = (&'static str, &'static [&'static str]);

/// Appends sections to a page.
pub(super) fn append(roff: &mut Roff, sections: &[Chapter]) {
    for (title, paragraphs) in sections {
        roff.section(title);
        for paragraph in *paragraphs {
            roff.paragraph(paragraph);
        }
    }
}

/// For hookspool(1).
pub(super) const OF_THE_PROGRAM: &[Chapter] = &[
    (
        "a delivery",
        &[
            "The last part of the request's path names the hook (or all of it a hook's `path`). The body streams \
             into the spool's `tmp/` and into the digests at the same time, so that memory does not grow with it. \
             The signature is compared in constant time, over the bytes that this forge signs; nothing is parsed \
             before. Then the hook's rules decide, and the job's file is written, flushed and renamed into \
             `queued/`, and the directory flushed. Only then the sender is told `202`.",
            "Answers: `202 queued ID` (with several ids where several refs were pushed), `200 ignored: …` with the \
             reason, `200 pong` to a test, `404` unknown hook, `405`, `411`, `413` wrong method, no length, too \
             long, `403` not signed or not right, `415` neither JSON nor a form, `400` not understood, `500 not \
             configured`, `503` the spool cannot take it now.",
            "A body has five minutes in all, and 30 seconds between two pieces. No worker of a receiver that stays \
             (FastCGI, `serve`) waits for one. Of more than 256 bodies of over 32 KiB, or 256 MiB of them, on \
             their way at once the one that has taken longest is refused with 503; of too many connections, \
             likewise.",
            "Refusals are logged up to 60 times a minute for each hook, and then counted (`event=refused-more`); \
             text of a sender is cut after 200 characters. Standard error that nobody reads stops nothing: log \
             lines that do not fit are dropped and counted (`event=log-lines-dropped`).",
        ],
    ),
    (
        "stopping and starting again",
        &[
            "After SIGTERM, SIGINT or SIGQUIT the runner begins no further job. The running one may go on for \
             `grace`; then it is ended and counts as interrupted.",
            "After SIGKILL or a power cut the next runner ends what still lives of the job, and then tries it \
             again (`on_interrupt = \"retry\"`) or puts it on hold. An interrupted attempt counts as one of \
             `retry.attempts`, so that a job that takes its machine down does not do so for ever.",
            "A runner that cannot go on (the spool's disk is full, or fails) says so in its log, lets go of the \
             spool, and ends with 74 after five seconds: who restarts it finds every job where it was.",
            "SIGHUP makes runner and receiver (FastCGI, `serve`) read the configuration again; a broken one is \
             refused with all its problems in the log, and the old one goes on. Jobs that run and deliveries that \
             have begun keep what they began with. The runner also begins its log file anew, so that a log rotator \
             may move the old one away. CGI reads the configuration each time. Secrets are read for each delivery: \
             a new one needs no restart.",
            "A second runner on the same spool ends at once with 75. Root does not drain the spool of another user \
             (77): the steps would run with all rights.",
            "`spool-runner --once --max-runtime 50s` begins nothing after that time: for cron on shared hosting. \
             It exits with 1 if a job failed for good, whether nothing was left to do or its time was up; after a \
             signal with 0.",
        ],
    ),
    (
        "the spool",
        &[
            "A job is one file: the raw payload, then one line of JSON. `tail -n 1 ID.job | jq` shows what it is; \
             `ID.events` beside it says what happened to it. Its state is the directory in which it lies. Every \
             flipped byte is noticed before a job runs. The runner hears of a job at once (inotify), or after 15 \
             seconds at the latest, takes the one with the smallest number, and writes down that it did before it \
             starts anything. Moving a job by hand is allowed while no runner has it. Jobs that ended well go \
             after `keep`, with their logs; failed and corrupt ones stay until a person removes them.",
            "That an attempt began, and how it ended, is flushed to `journal`, before anything follows from it; the \
             moves of many jobs are flushed together, a few moments later. After a power cut the runner, or any \
             verb that gives an order, first puts the spool right from it: start the runner once before you move \
             jobs by hand, since what lies about then may be old. Never remove the journal while a runner works, \
             nor after a power cut. One that is damaged goes to `corrupt/`, and where the power was lost, too, each \
             job that had not ended is held. Where the journal cannot be made (no room; a kernel before 5.8; a file \
             system other than ext4, xfs and btrfs) the runner says `no-journal`, and each move is flushed by itself.",
            "Before a job's first step, also before a retry, the runner asks `repository`, `events`, `branches` \
             and `tags` of its hook once more. A job that they do not want, as the hook is by then, is held, with \
             the reason: whoever may write to `queued/` (the web server's user, with CGI) can queue a job only for \
             what the hook wants. Without `branches` that is any branch, since only a delivery says which one is \
             the default. A job with values that no delivery could have told goes to `corrupt/`. A job whose hook \
             has gone from the configuration is held, not lost: put the hook back, and `hookspool release` it.",
            "The file `version` says what the spool is like. A newer hookspool takes over the spool of an older \
             one. An older one refuses that of a newer one, where the two differ, with exit code 69 and, to \
             senders, 503: nothing in it is touched.",
            "`log/` has ID.log of each job, with the first and the last MiB of what it printed, and the daily logs \
             of the runner: 30 days of them, at most 32 MiB a day.",
        ],
    ),
];

/// For hookspool.toml(5).
pub(super) const OF_JOBS: &[Chapter] = &[
    (
        "several hosts",
        &[
            "A hook with `hosts` makes one job on each of them. It is accepted as any other; before it leaves \
             `queued/`, the names of the hosts that are to get it are on the disk, in the spool's `relay/`, and each \
             stays there until that host has said that the job is on its own disk. Until then it is sent again: after \
             another connection, a restart, or five minutes of silence. If its own host is none of them, it ends as \
             `relayed`; otherwise it runs there, too. A job that waits for a host is not pruned.",
            "A host with `from` takes what an origin of that name has signed for it (Ed25519, over the last line of \
             the job's file and the host's name). It verifies signature, seal and age, puts the job into `queued/` \
             under the id that it has, never over another, flushes it, and sends a receipt. What comes again is known \
             by its id. A refusal says why (`show` on the origin), and the job is offered again each hour until \
             `keep` is over.",
            "The hook's rules are asked again where the job arrives; `paths`, `skip` and `match` are judged by the \
             origin alone. Holds and cancellations are of one host. A job is passed on once only.",
            "The age of a job is judged by clocks, with a day to spare: a target refuses one that is older than `keep` \
             and a day, or that arrived more than a day ahead of the target's own clock. Each host compares its clock \
             with the server's when it connects, and hears of the others' in their receipts; `doctor` says which is \
             wrong. An origin whose clock differs from the server's by more than a day gives up no job.",
            "The servers need NATS 2.9 with JetStream. `hookspool relay setup` makes the stream (a work queue of \
             files that refuses what does not fit), and prints what each host may do there.",
        ],
    ),
    (
        "which jobs run",
        &[
            "Jobs of one `queue` run one after the other, in order of arrival. With `workers = 3` up to three \
             queues run side by side, the oldest head first, and a long queue keeps no other waiting. Hooks with \
             one `dir` must share a `queue` then: `hookspool check` says so.",
            "Of several waiting jobs for one hook, repository, kind of event and branch the newest runs; the \
             others end in `done/` as superseded, never silently. `when_newer = \"keep\"` runs them all; \
             `\"replace\"` also stops the one that runs. snare's `\"evict\"`, `\"sequential\"` and `\"parallel\"` \
             are understood. The runner looks at the oldest 5,000 waiting jobs at a time: of a longer backlog the \
             newest of these runs, and then of the next.",
            "The same delivery (its id, and its ref) again: while the first is queued, waiting or running it ends \
             as a repeat; after it failed it runs; after it is done it runs where only a person can have sent it \
             again (GitHub, Gitea, Forgejo, Gogs, GitLab and most others), and is skipped where the sender repeats \
             by itself (Bitbucket Cloud, Azure DevOps, Harbor, Standard Webhooks, Stripe, Slack). The last 10,000 \
             deliveries are remembered.",
            "A delivery that moves several refs makes a job for each, with an id of its own.",
            "Lists of changed files are not always complete: then `paths` runs the job, and says so. What a forced \
             push took away is in no list; only GitHub, Pagure and Tencent Git say that a push was one.",
        ],
    ),
    (
        "steps",
        &[
            "A failed step ends the list; steps with `always` run all the same, also after a time-out. The file \
             mode mask of steps is 022, or the hook's `umask`. Nothing of a delivery is ever part of a \
             command line: a branch may be called `$(id)`.",
            "At a time-out every process of the job is asked to end (TERM), and ten seconds later is ended (KILL): \
             children, grandchildren, and those that left the session. What a successful step leaves running \
             stays: people start servers so. It is ended, too, when a later step of the same job times out or the \
             job is cancelled. A background process that keeps the output open does not hold the queue; it is read \
             for one more second.",
            "`publish` flushes a copy beside `to`, and then puts it in its place. The tree of before stays beside \
             it, as `.NAME.previous`. What is older is removed. Where that is not possible, since the web server's \
             user wrote into it, the log names it: a directory `.NAME.over-…`, which you can remove. `.NAME.lock` is \
             the lock of publications and rollbacks; it stays.",
            "When a job has ended for good: `on_failure` after the last attempt failed, `on_success` after a \
             success, `on_recovery` after the first success that follows a failure of the same hook and branch, \
             and `always` after each. Their own failure changes nothing. `[]` undoes a list of `[defaults]`.",
            "A job that restarts the runner that runs it says so at its last step: `{ shell = \"…\", \
             restarts_runner = true }`. The job's result is written down before, so that it neither loops nor \
             hangs.",
        ],
    ),
    (
        "git",
        &[
            "`git = \"update\"` fetches, and moves the work tree to the head of the pushed branch (or to the \
             pushed tag), not to the commit that the delivery names: an old delivery of a branch that somebody \
             sends again deploys nothing old. Submodules come along, hooks of the work tree do not run, `ext::` \
             addresses are refused. A lock of another live git is waited for; one that an attempt left which was \
             cut short is removed, any other stale one is named. Only the branch or tag of the push is fetched; \
             where the steps want tags, `git config remote.origin.tagOpt --tags` in `dir` brings them along. No \
             automatic maintenance runs: `git gc` or `git maintenance start` is for a quiet hour.",
            "`from` is where the first job clones from, into an empty directory or none. After that the \
             repository's own remote counts, until `from` is changed: the new address is followed. A clone that \
             somebody else made from another address is refused with the command to run. A disk that is full \
             during the first clone leaves no half repository. Wherever an update was cut short, the next one \
             removes what it left: unfinished objects, a submodule's half clone, files of a checkout that the \
             commit does not have.",
            "A pushed tag that is older than what is deployed is deployed: it is what was pushed. `forward_only = \
             true` stops at a commit that does not contain the deployed one: an old tag, a branch that was set \
             back, a tag of another line.",
            "Untracked and ignored files stay, also in submodules and in directories that the commit no longer \
             has. Where the commit needs the place of one (a file of the same name, a directory that becomes a \
             link), nothing moves: the job fails and names them. With `in_the_way = \"move-aside\"` they are moved \
             to `.git/hookspool-aside/JOB/`, which the log says. Local changes to tracked files are overwritten \
             and named in the log, also where a file is marked `assume-unchanged`. A file marked `skip-worktree` \
             keeps its local changes until a commit changes it: then it is in the way. A file that was added and \
             never committed stays, untracked.",
            "`depth = 1` fetches no more of the history than that; what compares commits (`forward_only`, \
             `git describe`, `deploy --commit`) does not find the rest. `ssh_key` of a hook is the key by which git \
             logs in for its steps and its questions to the remote, whatever an agent offers (`IdentitiesOnly`), \
             so that each private repository may have its own deploy key. A key that others may read, or that is \
             not the runner's, is refused.",
            "A file that Git LFS or another filter should have changed and did not is named: pointers fail the \
             job, other filters are noted in its log.",
            "A fetch that fails is tried again, unless git, ssh or the forge say what does not pass by itself: \
             access refused, a host key unknown or changed, no such repository or branch, a full disk, a damaged \
             repository. The reason then says what to do. A remote that sends nothing for 30 seconds is given up; \
             the step's `silence` sets another time.",
        ],
    ),
    (
        "releases",
        &[
            "A hook with `releases = { dir = \"/srv/app\", shared = [\"storage\", \".env\"], from = \"URL\" }` makes \
             a directory for each job, `/srv/app/releases/NUMBER-COMMIT`, and lets the link `/srv/app/current` lead \
             to it once its steps have done what they should. Whoever opens a file by the link finds the \
             release of before or the new one, whole. A build that fails leaves what is served as it was. The web \
             server's `root` is the link, or a directory below it.",
            "The first step is `{ git = \"update\" }`, put in where it is not written: it fetches into the bare \
             repository `/srv/app/repo`, and checks the commit out into the new directory, with submodules, Git LFS \
             and sparse trees (`core.sparseCheckout` and `info/sparse-checkout` of that repository), and without \
             any `.git`. The other steps work there. `{ switch = \"current\" }` is a step of its own; where it is \
             not written it follows the last of `steps`, or comes before one that restarts the runner. Steps behind \
             it reload what must be reloaded. The lists that follow a job work in the release that is current.",
            "Each path of `shared` is a link to `/srv/app/shared` in every release. What is not there yet is taken, \
             for the first time, from the directory that `current` is before the first switch, or from the commit; \
             or a directory is made. A file that is nowhere (a name with a dot, such as `.env`) is asked for by \
             name; `\".env/\"` would be a directory. A job stops with the names of files of the commit that the link \
             would hide: the same must be in `shared`, or they must leave the repository. Files that only keep a \
             directory (`.gitkeep`, `.gitignore`) are put there where they are missing. A link \
             below `shared`, on the way to such a path, that neither root nor the runner's user made is refused.",
            "A release is marked as good (`releases/NAME.good`) when its files are flushed and before it is switched \
             to; one that cannot be switched to loses its mark again. `keep` counts good ones; the one that is \
             current and the one before it stay in any case, and of \
             those that failed the last. What cannot be removed, since a web server's user wrote into it, is a \
             warning. Every switch is a line of `/srv/app/releases.log`. The link is the truth: a switch by hand is \
             noted there by the next job. A real directory in the link's place is exchanged for the link in one \
             step, and stays as `current.before-releases`.",
            "`hookspool rollback app` switches to the good release that was current before, by that log, at once and \
             beside whatever runs; a release that is being made then is not switched to, and its job ends as \
             superseded, also where `--to` names the one that is current. The steps behind the switch run there as \
             a job. The hook is on hold afterwards, and says why, \
             until `hookspool release app`. Twice is two steps back, and a release that was left is not on the way. \
             `--to` names any good one, by number or name. With `rollback = \"on-failure\"` the same happens by \
             itself when a step behind the switch fails, without a hold; the release that was left loses its mark.",
            "A hook with `publish` keeps one tree of before: `hookspool rollback` puts it back, one step and no \
             further, and no step runs. The hook is on hold afterwards. What a job builds meanwhile is not published, \
             and the job ends as superseded. Where the hook was on hold already, the hold names both reasons.",
            "Releases are of one file system. Two hooks cannot have theirs in one directory. Programs that remember \
             where a link led serve the release of before for a while: for PHP-FPM behind nginx use \
             `$realpath_root` (`deploy/nginx-releases.conf`).",
        ],
    ),
    (
        "retries",
        &["Transient failures are retried, three attempts in all by default, after a random wait of up to 30 s, \
             60 s, … : a step exited 75, another git held a lock, or a fetch failed for no reason that is known to \
             stay. A build that fails is not retried. `retry = { on = \"failure\" }` retries every failure; `retry \
             = { attempts = 1 }` none. A job that waits holds up its own queue and no other, and its wait survives \
             a restart; `hookspool retry` ends the wait, and gives the job all its attempts anew."],
    ),
    (
        "missed deliveries",
        &["Most forges never send a failed delivery again. `reconcile = \"10m\"` on a hook lets the runner ask \
             the remote (`git ls-remote`, about so often, never at the same second for all hooks) where each \
             deployed branch is, and queue a job itself when it is not where the last job for that branch left it. \
             Such jobs have `reconcile` as their provider. When each remote is asked next is in the spool's file \
             `reconcile`, so that it outlives the runner: with cron, `spool-runner --once` asks where it is time, \
             waits for the answer (a minute at most) and runs the job that it queues. Four remotes are asked at a \
             time."],
    ),
];
