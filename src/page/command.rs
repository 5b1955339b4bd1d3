//! Pure. Commands that a person may want to type, as a shell takes them.

use super::card::JobCard;
use crate::model::State;
use maud::{Markup, html};

/// The commands for one thing.
pub(super) struct Commands(Vec<String>);

impl Commands {
    /// The program with each of the verbs, none of which has a word from outside.
    pub(super) fn new(verbs: &[&str]) -> Self {
        Self(verbs.iter().map(|verb| format!("hookspool {verb}")).collect())
    }

    /// The ones that a person may want for a job, the likeliest first.
    pub(super) fn of(card: &JobCard) -> Self {
        let verbs: &[&str] = match card.job.state {
            State::Queued => &["cancel"],
            State::Running => &["log -f", "cancel"],
            State::Waiting => &["retry", "cancel"],
            State::Held => &["release", "cancel"],
            State::Failed => &["retry", "log"],
            State::Done => &["log", "retry --again"],
            State::Corrupt => &["show"],
        };
        // The eight digits are hex: nothing in them means anything to a shell.
        Self(verbs.iter().map(|verb| format!("hookspool {verb} {}", card.id().short())).collect())
    }

    /// The likeliest alone.
    pub(super) fn first(mut self) -> Self {
        self.0.truncate(1);
        self
    }

    /// One command a line, each to be marked with one press.
    pub(super) fn markup(&self) -> Markup {
        html! { @for command in &self.0 { code.command { (command) } } }
    }
}

/// The line to type before the first command, where the configuration is in no usual place.
pub(super) fn preparation(config: Option<&str>) -> Markup {
    html! {
        @if let Some(config) = config {
            p { "Before the first command: " code.command { "export HOOKSPOOL_CONFIG=" (quoted(config)) } }
        }
    }
}

/// A name as an argument, also one that looks like an option.
pub(super) fn argument(name: &str) -> String {
    if name.starts_with('-') { format!("-- {}", quoted(name)) } else { quoted(name) }
}

/// `word` as one word of a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word_whatever_is_in_it() {
        assert_eq!(quoted("docs-2.example_x"), "docs-2.example_x");
        assert_eq!(quoted("/etc/my hooks.toml"), "'/etc/my hooks.toml'");
        assert_eq!(quoted("a'; rm -rf /"), r"'a'\''; rm -rf /'");
        assert_eq!(quoted("-x"), "'-x'");
        assert_eq!(quoted("$(id)"), "'$(id)'");
        assert_eq!([argument("-x"), argument("docs")], ["-- '-x'", "docs"]);
    }
}
