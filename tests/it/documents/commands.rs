//! Edge. Each command of ours in a block of the documents has a verb and options that the program has.

use crate::support::document::blocks;
use std::process::Command;

const DOCUMENTS: [&str; 8] = [
    "README.md",
    "README.zh-CN.md",
    "deploy/README.md",
    "deploy/RECIPES.md",
    "deploy/OPERATOR.md",
    "deploy/FORGES.md",
    "deploy/MESSAGES.md",
    "deploy/FLEET.md",
];

/// The commands, with lines that a backslash continues joined.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let own = joined.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches("$ ");
        line.strip_prefix("hookspool ").map(|rest| rest.split(" # ").next().unwrap_or(rest).to_owned())
    });
    own.collect()
}

#[test]
fn every_command_in_the_documents_has_a_verb_and_options_that_there_are() {
    let mut count = 0;
    for document in DOCUMENTS {
        for block in blocks(document).iter().filter(|block| ["sh", "console"].contains(&block.language.as_str())) {
            for command in commands(&block.text) {
                let words: Vec<&str> = command.split_whitespace().collect();
                // `relay` has verbs of its own.
                let verbs = if words[0] == "relay" { &words[..2] } else { &words[..1] };
                let help = Command::new(env!("CARGO_BIN_EXE_hookspool")).args(verbs).arg("--help").output().unwrap();
                assert!(help.status.success(), "{document}:{}: no verb `{}`", block.line, words[0]);
                let help = String::from_utf8(help.stdout).unwrap();
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    assert!(help.contains(option), "{document}:{}: `{}` has no {option}", block.line, words[0]);
                }
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} commands");
}
