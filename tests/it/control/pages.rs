//! Manual pages and completions: the shipped ones are what the program prints, and the programs that read them do.

use crate::support::site::read_shipped;
use crate::support::world::PROGRAM;
use crate::support::yard::Yard;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const PAGES: [(&str, &str); 3] = [
    ("hookspool", "deploy/man/hookspool.1"),
    ("hookspool.toml", "deploy/man/hookspool.toml.5"),
    ("hookspool-json", "deploy/man/hookspool-json.7"),
];

#[test]
fn the_shipped_pages_are_what_the_program_prints() {
    for (page, file) in PAGES {
        assert!(read_shipped(file) == printed(&["man", page]), "run `hookspool man {page} >{file}`");
    }
}

fn with_input(program: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80").env_remove("MANPAGER");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn man_formats_the_pages_without_a_warning() {
    for (page, words) in
        [("hookspool", ["spool\u{2010}runner", "EXIT STATUS"]), ("hookspool.toml", ["keep_count", "branches"])]
    {
        let output = with_input("man", &["--warnings=w", "--local-file", "-"], &printed(&["man", page]));
        let warnings = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && warnings.is_empty(), "{page}: {warnings}");
        let text = String::from_utf8(output.stdout).unwrap().replace('-', "\u{2010}");
        for word in words {
            assert!(text.contains(word), "{page} does not show {word}");
        }
    }
}

#[test]
fn mandoc_finds_nothing_in_the_pages() {
    for (page, _) in PAGES {
        let output = with_input("mandoc", &["-Tlint", "-Wstyle"], &printed(&["man", page]));
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        // A page that is not installed yet, and names of ours for that of another.
        let said: Vec<_> = said.lines().filter(|line| !line.contains("referenced manual not found")).collect();
        assert!(said.is_empty(), "{page}: {}", said.join("\n"));
    }
}

#[test]
fn every_verb_and_every_key_is_on_its_page() {
    let page = printed(&["man"]).replace("\\-", "-");
    let help = printed(&["--help"]);
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let verbs: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(verbs.len() > 15, "{verbs:?}");
    for verb in verbs.iter().filter(|verb| **verb != "help") {
        assert!(page.contains(&format!(".SS \"{verb}")), "{verb}");
    }
    let page = printed(&["man", "hookspool.toml"]).replace("\\-", "-");
    for key in hookspool::config::KEYS {
        assert!(page.contains(&format!("\\fB{}\\fR = ", key.name)), "{key:?}");
    }
}

/// The codes of a list, each of whose items begins with its code.
fn codes(list: &str) -> Vec<u8> {
    list.split(", ").filter_map(|item| item.split_whitespace().next()?.parse().ok()).collect()
}

/// What stands between two texts, each of which is there.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no `{start}`")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no `{end}`")).0
}

#[test]
fn every_exit_code_is_in_the_manual_and_on_the_operators_page() {
    let table = read_shipped("src/model/exit_code.rs");
    let constants = table.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = "));
    let constants = constants.map(|(_, value)| value.trim_end_matches(';').parse().unwrap());
    let expected: Vec<u8> = std::iter::once(0).chain(constants).collect();
    let section = printed(&["man"]);
    let section = between(&section, ".SH EXIT STATUS\n", ".SH ");
    let page: Vec<u8> =
        section.lines().filter_map(|line| line.strip_prefix("\\fB")?.strip_suffix("\\fR")?.parse().ok()).collect();
    assert_eq!(page, expected, "hookspool(1)");
    let operator = read_shipped("deploy/OPERATOR.md");
    assert_eq!(codes(between(&operator, "Exit status: ", "\n\n")), expected, "OPERATOR.md");
}

#[test]
fn the_example_on_the_page_of_the_configuration_is_right() {
    let page = printed(&["man", "hookspool.toml"]);
    let example = page.split(".nf\n").nth(1).unwrap().split("\n.fi").next().unwrap();
    let example = example.replace("\\-", "-").replace("\\e", "\\");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, &example).unwrap();
    let loaded = hookspool::config::load(&file);
    assert!(loaded.is_ok(), "{}\n{example}", loaded.unwrap_err());
}

#[test]
fn a_shell_completes_verbs_and_options() {
    let script = printed(&["completions", "bash"]);
    let ask = |words: &str, index: usize| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={index}; _hookspool hookspool \"${{COMP_WORDS[{index}]}}\" x; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = with_input("bash", &["--norc"], &ask);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(ask("hookspool ret", 1), "retry\n");
    assert!(ask("hookspool prune --", 2).contains("--older-than\n"));
}

/// A shell with `script` in it, a program `hookspool` in its path, and what `ask` prints then.
fn in_shell(shell: &str, script: &str, ask: &str) -> String {
    let program = std::path::Path::new(PROGRAM).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell);
    let flags: &[&str] = match shell {
        "bash" => &["--norc", "-c"],
        "zsh" => &["-f", "-c"],
        _ => &["--no-config", "-c"],
    };
    let output = command.args(flags).arg(format!("{script}\n{ask}")).env("PATH", path).output().unwrap();
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn shells_complete_names_of_hooks_and_jobs_and_say_nothing_without_a_configuration() {
    let step = "steps = [{ run = [\"true\"] }]";
    let yard = Yard::new("", &[("docs", step), ("shop", step)]);
    let job = yard.deliver("docs", "main", "1").short();
    let config = yard.path("hookspool.toml");
    let (config, absent) = (config.to_str().unwrap(), "/nonexistent.toml");
    let bash = |words: &str| {
        let count = words.split(' ').count() - 1;
        let last = words.rsplit(' ').next().unwrap();
        let before = words.split(' ').nth(count - 1).unwrap();
        let ask = format!(
            "COMP_WORDS=({}\"{last}\"); COMP_CWORD={count}; _hookspool hookspool \"{last}\" \"{before}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            &words[..words.len() - last.len()]
        );
        in_shell("bash", &printed(&["completions", "bash"]), &ask)
    };
    assert_eq!(bash(&format!("hookspool -c {config} hold s")), "shop\n");
    assert_eq!(bash(&format!("hookspool --config {config} show ")), format!("{job}\n"));
    assert_eq!(bash(&format!("hookspool -c {config} release ")), format!("docs\nshop\n{job}\n"));
    assert_eq!(bash(&format!("hookspool -c {config} list --hook d")), "docs\n");
    assert_eq!(bash("hookspool list --state ru"), "running\n");
    assert_eq!(bash(&format!("hookspool -c {absent} hold ")), "\n");
    assert!(bash("hookspool hold --me").contains("--message"));

    let fish = |words: &str| in_shell("fish", &printed(&["completions", "fish"]), &format!("complete -C '{words}'"));
    assert_eq!(fish(&format!("hookspool -c {config} hold s")), "shop\n");
    assert_eq!(fish(&format!("hookspool -c {config} show {}", &job[..2])), format!("{job}\n"));
    assert_eq!(fish(&format!("hookspool -c {config} list --hook d")), "docs\n");
    assert_eq!(fish(&format!("hookspool -c {absent} hold ")), "");

    // The completion system of zsh needs a terminal: its own functions are replaced.
    let stubs = "compdef() { }; compadd() { shift $(($# - 1)); print -l ${(P)1} }; typeset -A opt_args; ";
    let zsh = |config: &str, names: &str| {
        let script = printed(&["completions", "zsh"]);
        in_shell("zsh", &format!("{stubs}\n{script}"), &format!("opt_args[-c]={config}; _hookspool_names {names}"))
    };
    assert_eq!(zsh(config, "hooks"), "docs\nshop\n");
    assert_eq!(zsh(config, "hooks-and-jobs"), format!("docs\nshop\n{job}\n"));
    let script = printed(&["completions", "zsh"]);
    for end in ["or the part of it after the dot:_hookspool_names jobs'", "of this hook]:HOOK:_hookspool_names hooks'"]
    {
        assert!(script.contains(end), "{end}");
    }
}
