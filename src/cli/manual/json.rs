//! Pure. hookspool-json(7): what the commands print under `--json`. A test compares it with what they do print.

use super::roff::Roff;

/// The shape that a command prints.
struct Shape {
    command: &'static str,
    about: &'static str,
    /// Members by their path: `a.b` is `b` in the object `a`, `a[]` an element of the list `a`. One that is a job
    /// stands for the members of a job.
    members: &'static [(&'static str, &'static str)],
}

/// The page.
pub(super) fn page() -> String {
    let mut roff = Roff::page("hookspool-json", 7, "what the commands of hookspool print under `--json`");
    roff.section("description");
    for paragraph in ABOUT {
        roff.paragraph(paragraph);
    }
    for shape in SHAPES {
        roff.section(shape.command);
        roff.paragraph(shape.about);
        for (path, meaning) in shape.members {
            let meaning = if meaning.is_empty() { String::new() } else { format!("{meaning}.") };
            roff.item(&format!("`{path}`"), &meaning);
        }
    }
    roff.section("see also");
    roff.paragraph("`hookspool`(1), `hookspool.toml`(5)");
    roff.into_text()
}

const ABOUT: [&str; 3] = [
    "With `--json` a command prints one line of JSON on standard output, `log` one for each line of the log. Times are \
     in UTC (RFC 3339), sizes in bytes, and a member whose name ends in `_s` is in seconds. A member that is not known \
     is `null` or absent. More members may come; none of these goes or changes its meaning within a major version.",
    "Members are named by their path: `a.b` is the member `b` of the object `a`, `a[]` an element of the list `a`, and \
     `[]` one of a list that is printed itself. Where a member is said to be a job, it has the members of a job.",
    "Exit codes are those of `hookspool`(1).",
];

const PAGE: &[(&str, &str)] = &[
    ("as_of", "The time at which all of it was so"),
    ("title", "Heading of the page"),
    ("runner.alive", "`true`, `false`, or `null` where it cannot be told"),
    ("runner.pid", "The runner's process"),
    ("runner.since", "When it began"),
    ("runner.ended_by_itself", "`true` if the last one had done what there was to do, as one that cron starts"),
    ("disk_full", "`true` if the spool's file system is nearly full"),
    ("jobs.queued", "Jobs in that state; so for the six others"),
    ("jobs.running", ""),
    ("jobs.waiting", ""),
    ("jobs.held", ""),
    ("jobs.done", ""),
    ("jobs.failed", ""),
    ("jobs.corrupt", ""),
    ("row.job", "A job"),
    ("row.repository", "Its repository"),
    ("row.pusher", "Who caused it"),
    ("row.started_at", "When its last attempt began"),
    ("row.ended_at", "When it came to where it is; `null` while it runs"),
    ("row.took_s", "Length of its last attempt"),
    ("running[]", "A row, of a job that runs"),
    ("running[].usual_s", "Length of the last job of the same hook, and branch if there is one, that succeeded"),
    ("running[].step.number", "The step under way, from 1"),
    ("running[].step.of", "Number of steps"),
    ("running[].step.title", "What it does"),
    ("running[].step.since", "When it began"),
    ("running[].step.limit_s", "The longest time that it may take"),
    ("running[].step.usual_s", "Its length in that other job"),
    ("queued[]", "A row, of the first twenty"),
    ("waiting[]", "The same"),
    ("held[]", "The same"),
    ("broken[].since", "When the first job of a hook's branch failed after the last that succeeded"),
    ("broken[].jobs", "How many have failed since"),
    ("broken[].last", "A row, of the last of them"),
    ("hooks[].name", "A hook's name"),
    ("hooks[].queue", "Its queue"),
    ("hooks[].running", "Its jobs in `running`"),
    ("hooks[].waiting", "Its jobs in `queued` and `waiting`"),
    ("hooks[].held", "Its jobs in `held`"),
    ("hooks[].last_success", "A row, of the newest job that succeeded"),
    ("hooks[].last_failure", "A row, of the newest job that failed"),
    ("hooks[].hold.why", "Why it is on hold; `hold` is `null` where it is not"),
    ("hooks[].hold.since", "Since when"),
    ("hooks[].hold.by", "By whom"),
    ("hooks[].deliveries.words", "Its last deliveries, as far as they ended alike"),
    ("hooks[].deliveries.refused", "`true` if they were refused, or could not be taken"),
    ("recent[]", "A row, of the fifty newest jobs that ended, the newest first"),
    ("complete", "`false` if there are more jobs than were looked at for what is told of hooks"),
];

const SHAPES: &[Shape] = &[
    Shape {
        command: "a job",
        about: "An object in the outputs of `list`, `show`, `wait` and `status`.",
        members: &[
            ("id", "The job's id, `<sequence>.<eight hex digits>`"),
            ("state", "`queued`, `running`, `waiting`, `held`, `done`, `failed` or `corrupt`"),
            (
                "outcome",
                "`succeeded`, `superseded`, `repeat` or `cancelled` in `done`; `failed`, `timed-out` or `interrupted` \
                 in `failed`",
            ),
            ("hook", "The hook's name"),
            ("event", "`push`, `delete`, `merge`, `release`, `released`, `package`, `ci`, or the provider's own word"),
            ("ref", "Branch or tag in full, such as `refs/heads/main`"),
            ("after", "The commit that was pushed"),
            ("provider", "The provider; `reconcile` or `manual` where no delivery made the job"),
            ("delivery", "The provider's id of the delivery"),
            ("arrived_at", "Time of arrival"),
            ("attempts", "Attempts that have begun"),
            ("reason", "The reason of its state or outcome, in words"),
            ("not_before", "Time of the next attempt, in `waiting`"),
        ],
    },
    Shape { command: "list", about: "A list.", members: &[("[]", "A job, in order of arrival")] },
    Shape {
        command: "show",
        about: "An object.",
        members: &[
            ("job", "A job"),
            ("delivery", "What the receiver wrote down of the delivery, as the last line of the job's file has it"),
            ("history[].at", "Time of a thing that happened to it"),
            ("history[].what", "`claimed`, `started`, `step`, `ended` …; more members follow by the word"),
            ("step.number", "The step under way, from 1; `step` is there while the job runs"),
            ("step.of", "Number of steps"),
            ("step.title", "What it does"),
            ("step.since", "When it began"),
            ("step.last_output.at", "When it printed something last"),
            ("step.last_output.line", "The last line that it printed"),
            ("limit_s", "The longest time that the step may take"),
            ("usual_s", "The time that it took in the hook's last job that succeeded"),
        ],
    },
    Shape {
        command: "log",
        about: "An object for each line.",
        members: &[
            ("line", "The line as it is"),
            ("at", "Its time"),
            ("source", "`job`: said by hookspool; `out`, `err`: printed by a step"),
            ("text", "The rest of it"),
        ],
    },
    Shape {
        command: "deliveries",
        about: "An object.",
        members: &[
            ("hooks[].hook", "A hook's name; `null` for requests that named no hook"),
            ("hooks[].since", "Since when its deliveries are counted; `null`: none has arrived"),
            ("hooks[].counts.queued", "Deliveries that became jobs"),
            ("hooks[].counts.ignored", "Authentic ones of which no job was wanted"),
            ("hooks[].counts.pong", "Tests of the forge"),
            ("hooks[].counts.refused_signature", "Answered 403"),
            ("hooks[].counts.refused_size", "Answered 411 or 413"),
            ("hooks[].counts.refused_method", "Answered 405"),
            ("hooks[].counts.refused_malformed", "Answered 400 or 415"),
            ("hooks[].counts.unknown_hook", "Answered 404"),
            ("hooks[].counts.error", "Answered 500 or 503"),
            ("hooks[].unreadable", "Why its deliveries cannot be read, if they cannot"),
            ("deliveries[].hook", "The hook's name; `null` for a request that named none"),
            ("deliveries[].at", "Time of the answer"),
            ("deliveries[].result", "The result, by the word of its counter"),
            ("deliveries[].status", "Status of the answer"),
            ("deliveries[].told", "The reason that the sender was told, without the word before it"),
            ("deliveries[].reason", "The reason for the operator"),
            ("deliveries[].event", "Kind of event, where it was read"),
            ("deliveries[].ref", "Branch or tag in full, where it was read"),
            ("deliveries[].delivery", "The delivery's id, as the sender claims it"),
            ("deliveries[].remote", "Address of the sender"),
            ("deliveries[].job", "The job that it became, the first of several"),
            ("deliveries[].jobs", "Number of those jobs"),
        ],
    },
    Shape {
        command: "status",
        about: "An object.",
        members: &[
            ("runner.alive", "`true`, `false`, or `null` where it cannot be told"),
            ("runner.pid", "The runner's process"),
            ("runner.since", "When it took the spool"),
            ("runner.last.at", "When the last runner ended, where none is alive"),
            ("runner.last.reason", "Why; `null`: it ended without a word"),
            ("runner.last.failed", "`true` if it could not go on"),
            ("config", "The configuration file that counts"),
            ("unused[]", "Configuration files that are there and do not count"),
            ("spool", "The spool's directory"),
            ("free.bytes", "Room on its file system"),
            ("free.files", "Files that can still be made there; `null`: no such limit"),
            ("jobs.queued", "Jobs in that state; so for the six others"),
            ("jobs.running", ""),
            ("jobs.waiting", ""),
            ("jobs.held", ""),
            ("jobs.done", ""),
            ("jobs.failed", ""),
            ("jobs.corrupt", ""),
            ("running[]", "A job, and `step`, `limit_s` and `usual_s` as in `show`"),
            ("running[].step.number", ""),
            ("running[].step.of", ""),
            ("running[].step.title", ""),
            ("running[].step.since", ""),
            ("running[].step.last_output.at", ""),
            ("running[].step.last_output.line", ""),
            ("running[].limit_s", ""),
            ("running[].usual_s", ""),
            ("oldest_waiting", "A job, the one that has waited longest"),
            ("hooks[].name", "A hook's name"),
            ("hooks[].queue", "Its queue; `null` for one that has gone from the configuration"),
            ("hooks[].waiting", "Its jobs in `queued` and `waiting`"),
            ("hooks[].held", "Its jobs in `held`"),
            ("hooks[].last", "A job, the last one that ended other than by giving way"),
            ("hooks[].hold.why", "Why it is on hold; `hold` is `null` where it is not"),
            ("hooks[].hold.since", "Since when"),
            ("hooks[].hold.by", "By whom"),
            (
                "hooks[].seen.headline",
                "The last deliveries that ended alike, in words; `seen` is `null` where it cannot be read",
            ),
            ("hooks[].seen.at", "Time of the last one"),
            ("hooks[].seen.result", "Its result, by the word of its counter"),
            ("complete", "`false` if there were too many jobs to count those of each hook"),
            ("messages.waiting", "Messages that wait to be sent"),
            ("messages.failed", "Messages that nobody takes"),
            ("messages.last_failed.to", "The target of the last of those, or `@status`, `@deployed` for the forge"),
            ("messages.last_failed.job", "The job that it told of"),
            ("messages.last_failed.hook", "Its hook"),
            ("messages.last_failed.failed_at", "When it was given up"),
            ("messages.last_failed.why", "Why"),
        ],
    },
    Shape {
        command: "page",
        about: "It prints no JSON; the file `status.json` of the page is an object. A row is one for a job in a table: \
                the members of a row follow where one is named.",
        members: PAGE,
    },
    Shape { command: "wait", about: "A job, once it has ended.", members: &[] },
    Shape {
        command: "deploy, retry, cancel, hold, release",
        about: "A list, an element for each job or hook.",
        members: &[
            ("[].id", "The job's id"),
            ("[].hook", "The hook's name, where it was about a hook"),
            ("[].result", "`changed`, `unchanged` (it was so already) or `refused`"),
            ("[].state", "The job's state now"),
            ("[].text", "The same in words"),
        ],
    },
    Shape {
        command: "prune",
        about: "An object.",
        members: &[
            ("dry_run", "`true` if nothing was removed"),
            ("jobs", "Jobs that were removed, or would be"),
            ("bytes", "Their size"),
            ("failed", "Jobs in `failed` that stay"),
            ("corrupt", "Jobs in `corrupt` that stay"),
        ],
    },
    Shape {
        command: "send",
        about: "An object.",
        members: &[
            ("hook", "The hook's name"),
            ("url", "The URL, without credentials"),
            ("status", "Status of the answer"),
            ("text", "Its text"),
            ("jobs[]", "Ids of the jobs that it tells of"),
            ("from_hookspool", "`false` for a page of the web server"),
            ("remedy", "What to do then"),
        ],
    },
    Shape {
        command: "tell",
        about: "An object.",
        members: &[
            ("target", "The target's name"),
            ("kind", "Its kind"),
            (
                "result",
                "`sent`, `refused`, `later` (the service takes nothing now), `unanswered`, or `unsendable` (a secret \
                 or the configuration is wrong)",
            ),
            ("why", "Why it was not sent, with the next step"),
        ],
    },
    Shape {
        command: "explain",
        about: "An object.",
        members: &[
            ("hook", "The hook's name"),
            ("provider", "Its provider"),
            ("job", "Id, state and outcome of the job that was explained, in words"),
            ("looks_like", "The provider that the headers look like"),
            ("body_bytes", "Length of the body"),
            ("media_type", "Its media type"),
            ("remarks[]", "What may surprise"),
            ("signature.ok", "`true` if it is valid"),
            ("signature.signed", "The signed part"),
            ("signature.says", "The secret that matched, or why none does"),
            ("signature.findings[]", "Known mistakes that explain it"),
            ("events[].event", "The kind of event"),
            ("events[].ref", "Branch or tag"),
            ("events[].after", "The commit"),
            ("events[].repository", "The repository"),
            ("events[].delivery", "The delivery's id"),
            ("events[].runs", "`true` if it becomes a job"),
            ("events[].decided_by", "The rule that does not want it"),
            ("events[].rules[].rule", "A rule, by its key"),
            ("events[].rules[].wanted", "`true` if it lets the event pass"),
            ("events[].rules[].why", "Why not"),
            ("events[].note", "What a person might wonder about"),
            ("answer", "The answer to the sender"),
            ("would_run", "`true` if steps would run"),
            ("queue", "The queue of the job"),
            ("dir", "The directory in which they would run"),
            ("steps[]", "The steps"),
        ],
    },
    Shape {
        command: "doctor",
        about: "An object.",
        members: &[
            ("ok", "`true` if there is no problem"),
            ("findings[].level", "`ok`, `note`, `warning` or `problem`"),
            ("findings[].hooks[]", "The hooks that it is about, if not all"),
            ("findings[].what", "What was found"),
            ("findings[].why", "What follows from it; absent if `ok`"),
            ("findings[].repair", "What repairs it"),
        ],
    },
    Shape {
        command: "check",
        about: "An object. With problems there is nothing but `ok`, `file` and `problems`.",
        members: &[
            ("ok", "`true` if all is right"),
            ("file", "The configuration file"),
            ("problems[].line", "Line of a problem"),
            ("problems[].column", "Column of it"),
            ("problems[].message", "What is wrong"),
            ("problems[].hint", "What may be meant"),
            ("spool", "The spool's directory"),
            ("hooks[].name", "A hook's name"),
            ("hooks[].provider", "Its provider"),
            ("hooks[].check", "How deliveries are verified"),
            ("hooks[].queue", "Its queue"),
            ("targets[].name", "The name of a target of messages"),
            ("targets[].kind", "Its kind"),
            ("targets[].on", "The jobs that it is told of: `change`, `failure` or `always`"),
            ("secrets[]", "What is wrong or odd with a secret"),
            ("replaceable[]", "Files that others may replace"),
            ("page[]", "What is wrong with the page's directory"),
            ("notes[]", "What may be meant, and often is not"),
        ],
    },
    Shape {
        command: "an error",
        about: "An object, from every command that fails; the same text is on standard error.",
        members: &[("error", "What is wrong"), ("exit", "The exit code")],
    },
];
