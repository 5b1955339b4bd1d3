//! Manual pages and completions: the shipped ones are what the program prints, and the programs that read them do.

use crate::support::site::read_shipped;
use crate::support::world::PROGRAM;
use std::io::Write;
use std::process::{Command, Output, Stdio};

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const PAGES: [(&str, &str); 2] =
    [("hookspool", "deploy/man/hookspool.1"), ("hookspool.toml", "deploy/man/hookspool.toml.5")];

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

/// The codes of a list with `separator` between its items, each of which begins with its code.
fn codes(list: &str, separator: &str) -> Vec<u8> {
    list.split(separator).filter_map(|item| item.split_whitespace().next()?.parse().ok()).collect()
}

/// What stands between two texts, each of which is there.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no `{start}`")).1;
    rest.split_once(end).unwrap_or_else(|| panic!("no `{end}`")).0
}

#[test]
fn every_exit_code_is_in_the_manual_and_in_both_documents() {
    let table = read_shipped("src/model/exit_code.rs");
    let constants = table.lines().filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = "));
    let constants = constants.map(|(_, value)| value.trim_end_matches(';').parse().unwrap());
    let expected: Vec<u8> = std::iter::once(0).chain(constants).collect();
    let section = printed(&["man"]);
    let section = between(&section, ".SH EXIT STATUS\n", ".SH ");
    let page: Vec<u8> =
        section.lines().filter_map(|line| line.strip_prefix("\\fB")?.strip_suffix("\\fR")?.parse().ok()).collect();
    assert_eq!(page, expected, "hookspool(1)");
    let readme = read_shipped("README.md");
    assert_eq!(codes(&format!("0 {}", between(&readme, "\n0 ", "\n\n")), "·"), expected, "README.md");
    let operator = read_shipped("deploy/OPERATOR.md");
    assert_eq!(codes(between(&operator, "Exit status: ", "\n\n"), ", "), expected, "OPERATOR.md");
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
    assert_eq!(ask("hookspool rel", 1), "release\n");
    assert!(ask("hookspool prune --", 2).contains("--older-than\n"));
    assert!(printed(&["completions", "zsh"]).starts_with("#compdef hookspool\n"));
    assert!(printed(&["completions", "fish"]).contains("-a \"doctor\""));
}
