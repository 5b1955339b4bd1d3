//! Pure. Scripts that complete command lines: clap's, and in bash, zsh and fish the names of hooks and jobs, which the
//! program is asked for (`complete`).

use crate::cli::args::Names;
use clap::{Arg, Command, ValueEnum};
use clap_complete::Shell;
use std::fmt::Write;

/// The script of `command` for `shell`.
pub(super) fn script(shell: Shell, command: &mut Command) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, command, "hookspool", &mut bytes);
    let script = String::from_utf8_lossy(&bytes).into_owned();
    command.build();
    match shell {
        Shell::Bash => bash(&script, command),
        Shell::Zsh => zsh(&script),
        Shell::Fish => script + &fish(command),
        _ => script,
    }
}

/// The names that an argument takes, if it takes any.
fn names(arg: &Arg) -> Option<Names> {
    match arg.get_id().as_str() {
        "hook" => Some(Names::Hooks),
        "target" => Some(Names::Targets),
        "job" | "jobs" => Some(Names::Jobs),
        "targets" | "subject" => Some(Names::HooksAndJobs),
        "state" => Some(Names::States),
        _ => None,
    }
}

fn word(names: Names) -> String {
    names.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Verbs whose words are names, and the names.
fn of_words(command: &Command) -> Vec<(String, String)> {
    let first = |verb: &Command| verb.get_positionals().find_map(names);
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs.filter_map(|verb| Some((verb.get_name().to_owned(), word(first(verb)?)))).collect()
}

/// Options whose values are names, the names, and the verb.
fn of_options(command: &Command) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for verb in command.get_subcommands() {
        for (long, names) in verb.get_opts().filter_map(|arg| Some((arg.get_long()?, names(arg)?))) {
            found.push((long.to_owned(), word(names), verb.get_name().to_owned()));
        }
    }
    found
}

fn bash(script: &str, command: &Command) -> String {
    let mut cases = String::new();
    for (verb, names) in of_words(command) {
        let _ = writeln!(cases, "            {verb}) names={names} ;;");
    }
    let mut options: Vec<_> = of_options(command).into_iter().map(|(long, names, _)| (long, names)).collect();
    options.sort();
    options.dedup();
    let mut of_options = String::new();
    for (long, names) in options {
        let _ = writeln!(of_options, "        --{long}) names={names} ;;");
    }
    let begin = script.replacen("_hookspool() {", "_hookspool_words() {", 1);
    let (body, end) = begin.rsplit_once("\nif [[ ").unwrap_or((&begin, ""));
    let named = BASH.replace("@OPTIONS@", of_options.trim_end()).replace("@VERBS@", cases.trim_end());
    format!("{body}\n{named}\nif [[ {end}")
}

const BASH: &str = r#"_hookspool() {
    local cur="${COMP_WORDS[COMP_CWORD]}" verb= names= i
    local config=()
    _hookspool_words "$@"
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
            -c|--config) config=(--config "${COMP_WORDS[i + 1]}"); i=$((i + 1)) ;;
            -*) ;;
            *) verb="${verb:-${COMP_WORDS[i]}}" ;;
        esac
    done
    case "$3" in
@OPTIONS@
        -*) ;;
        *) case "$verb" in
@VERBS@
        esac ;;
    esac
    if [[ -n $names && $cur != -* ]]; then
        COMPREPLY=( $(compgen -W "$("$1" ${config[@]+"${config[@]}"} complete "$names" 2>/dev/null)" -- "$cur") )
    fi
}
"#;

/// Replaces the completion of files where names are wanted.
fn zsh(script: &str) -> String {
    let line = |line: &str| {
        let has = |begin: &str| line.starts_with(begin);
        let names = if has("':hook --") || has("'--hook=[") {
            "hooks"
        } else if has("':job --") || has("'*::jobs --") {
            "jobs"
        } else if has("':subject --") || has("'*::targets --") {
            "hooks-and-jobs"
        } else if has("':target --") {
            "targets"
        } else if has("'*--state=[") {
            "states"
        } else {
            return format!("{line}\n");
        };
        format!("{}\n", line.replace(":_default'", &format!(":_hookspool_names {names}'")))
    };
    let named: String = script.lines().map(line).collect();
    named.replacen("autoload -U is-at-least\n", &format!("autoload -U is-at-least\n\n{ZSH}"), 1)
}

const ZSH: &str = r#"_hookspool_names() {
    local -a config names
    local file="${opt_args[-c]:-${opt_args[--config]:-}}"
    [[ -n $file ]] && config=(--config "${(Q)file}")
    names=(${(f)"$(hookspool $config complete "$1" 2>/dev/null)"})
    shift
    compadd "$@" -a names
}
"#;

fn fish(command: &Command) -> String {
    let ask = |names: &str| format!("-a \"(hookspool (__fish_hookspool_config) complete {names} 2>/dev/null)\"");
    let mut lines = FISH.to_owned();
    for (verb, names) in of_words(command) {
        let when = format!("-n \"__fish_hookspool_using_subcommand {verb}\"");
        let _ = writeln!(lines, "complete -c hookspool {when} -f {}", ask(&names));
    }
    for (long, names, verb) in of_options(command) {
        let when = format!("-n \"__fish_hookspool_using_subcommand {verb}\"");
        let _ = writeln!(lines, "complete -c hookspool {when} -l {long} -x {}", ask(&names));
    }
    lines
}

const FISH: &str = r"
function __fish_hookspool_config
    set -l words (commandline -opc)
    for i in (seq (count $words))
        if contains -- $words[$i] -c --config; and set -q words[(math $i + 1)]
            printf '%s\n' --config $words[(math $i + 1)]
        end
    end
end

";
