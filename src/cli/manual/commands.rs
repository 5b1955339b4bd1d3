//! Pure. hookspool(1): the commands, as they can be typed.

use super::behaviour::{self, OF_THE_PROGRAM};
use super::roff::Roff;
use crate::model::exit_code::MEANINGS;
use clap::{Arg, Command};

/// The page of `command`, which is the whole program.
pub(super) fn page(mut command: Command) -> String {
    command.build();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::page("hookspool", 1, about.trim_end_matches('.'));
    roff.section("synopsis");
    roff.paragraph("`hookspool` [`--config` FILE] COMMAND [ARGUMENT …]");
    roff.section("description");
    for paragraph in command.get_long_about().map(ToString::to_string).unwrap_or_default().split("\n\n").skip(1) {
        roff.paragraph(paragraph);
    }
    roff.paragraph(ABOUT_ORDERS);
    roff.section("options");
    arguments(&mut roff, &command);
    roff.section("commands");
    for verb in verbs(&command) {
        describe(&mut roff, verb);
        verbs(verb).for_each(|below| describe(&mut roff, below));
    }
    roff.section("exit status");
    for (code, meaning) in MEANINGS {
        roff.item(&format!("`{code}`"), meaning);
    }
    behaviour::append(&mut roff, OF_THE_PROGRAM);
    for (title, items) in TABLES {
        roff.section(title);
        for (term, meaning) in *items {
            roff.item(&format!("`{term}`"), meaning);
        }
    }
    roff.section("see also");
    roff.paragraph("`hookspool.toml`(5), `hookspool-json`(7), `git`(1), `sysexits.h`(3head)");
    roff.into_text()
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set())
}

fn describe(roff: &mut Roff, verb: &Command) {
    let usage = verb.clone().render_usage().to_string();
    roff.subsection(usage.trim_start_matches("Usage: ").trim_start_matches("hookspool "));
    let about = verb.get_long_about().or_else(|| verb.get_about());
    for paragraph in about.map(ToString::to_string).unwrap_or_default().split("\n\n") {
        roff.paragraph(&format!("{}.", paragraph.trim_end_matches('.')));
    }
    arguments(roff, verb);
}

fn arguments(roff: &mut Roff, command: &Command) {
    let is_own = |arg: &&Arg| !arg.is_global_set() || command.get_name() == "hookspool";
    for arg in command.get_arguments().filter(is_own).filter(|arg| arg.get_id() != "help") {
        let help = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
        let values: Vec<String> = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
        let takes_value = arg.get_num_args().is_some_and(|range| range.takes_values());
        let default = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let mut meaning = help;
        if takes_value && !values.is_empty() {
            meaning = format!("{meaning}: {}", values.join(", "));
        }
        if takes_value && !default.is_empty() {
            meaning = format!("{meaning} [default: {default}]");
        }
        roff.item(&term(arg, takes_value), &meaning);
    }
}

fn term(arg: &Arg, takes_value: bool) -> String {
    let name = arg.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    if arg.is_positional() {
        return name;
    }
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    let long = arg.get_long().map(|long| format!("`--{long}`"));
    let flags = [short, long].into_iter().flatten().collect::<Vec<_>>().join(", ");
    match takes_value {
        true if arg.is_require_equals_set() => format!("{flags}[={name}]"),
        true => format!("{flags} {name}"),
        false => flags,
    }
}

const ABOUT_ORDERS: &str = "`rollback`, `retry`, `cancel`, `hold`, `release` and `prune` are for the spool's owner and \
    for root. Where a runner is alive it carries them out between two jobs; where none is, the command does it itself. \
    Orders are idempotent: if in doubt, repeat the command; but `rollback` without `--to` goes a further step back, \
    so look at `hookspool releases` before. `deploy` is no order: it queues a new job, as a receiver does, by whoever \
    may write to `queued/`, and twice if repeated.";

type Items = &'static [(&'static str, &'static str)];

const TABLES: &[(&str, Items)] = &[
    (
        "environment",
        &[
            ("HOOKSPOOL_CONFIG", "The configuration file, where `--config` does not name it."),
            (
                "GATEWAY_INTERFACE, REQUEST_METHOD",
                "One of them makes it a CGI program, which looks at no argument (RFC 3875).",
            ),
            (
                "LISTEN_FDS, LISTEN_PID",
                "Inherited sockets (sd_listen_fds(3)), for FastCGI or, with `serve`, for HTTP. All are served. So is a \
                 listening socket on standard input (supervisor, spawn-fcgi).",
            ),
        ],
    ),
    (
        "signals",
        &[
            (
                "SIGTERM, SIGINT, SIGQUIT",
                "End the receiver after the requests, and the runner after the job, that have begun.",
            ),
            (
                "SIGHUP, SIGUSR1, SIGUSR2",
                "Receiver and runner load the configuration again; the runner begins its log anew.",
            ),
        ],
    ),
    (
        "files",
        &[
            ("~/.config/hookspool/hookspool.toml", "The configuration; or"),
            ("/etc/hookspool/hookspool.toml", "for the whole host."),
            ("spool/queued", "Jobs that were accepted and wait, one file each: the payload, and a line of JSON."),
            (
                "spool/running, spool/waiting, spool/held",
                "Jobs at work, before their next attempt, for a person to release.",
            ),
            ("spool/done, spool/failed, spool/corrupt", "Jobs that ended; what was damaged or hostile."),
            ("spool/log/ID.log", "What a job printed."),
            ("spool/control", "Orders of people to the runner."),
            ("spool/reconcile", "When the remotes are asked next."),
            ("spool/holds/HOOK", "A hook on hold, with the reason."),
            ("spool/outbox", "Messages that wait to be sent; in `failed`, those that nobody takes, with the reason."),
        ],
    ),
];
