//! Pure. The translation of another program's configuration.

/// A configuration, translated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Translation {
    /// Lines of `[runner]` and `[defaults]`.
    pub(super) head: Vec<String>,
    pub(super) hooks: Vec<Translated>,
    /// Dropped settings that belong to no hook.
    pub(super) notes: Vec<Note>,
}

/// The translation of one hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Translated {
    Hook(NewHook),
    /// It cannot be translated, and why: what would be left of it would let in more than it did.
    Refused {
        name: String,
        why: String,
    },
}

/// A hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NewHook {
    pub(super) name: String,
    pub(super) provider: String,
    /// Its secrets; empty: it had none, and gets a fresh one.
    pub(super) secrets: Vec<String>,
    /// Keys and their values, as TOML has them.
    pub(super) settings: Vec<(&'static str, String)>,
    /// Elements of `steps`.
    pub(super) steps: Vec<String>,
    /// Elements of `on_failure`.
    pub(super) on_failure: Vec<String>,
    pub(super) notes: Vec<Note>,
}

/// Something for a person to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) text: String,
    /// True if a refusal depended on it.
    pub(super) is_grave: bool,
}

impl Note {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_grave: false }
    }

    pub(super) fn grave(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_grave: true }
    }
}

impl NewHook {
    pub(super) fn set(&mut self, key: &'static str, value: String) {
        self.settings.push((key, value));
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note::plain(text));
    }
}

/// A text as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

/// A list of texts as TOML has it.
pub(super) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text.as_ref())).collect::<Vec<_>>().join(", "))
}

/// A name that a hook may have: of what is not allowed, each run becomes a hyphen.
pub(super) fn hook_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() { "hook".to_owned() } else { name }
}

/// A word of `/bin/sh` that means `text` and nothing else.
pub(super) fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_characters_that_a_hook_may_have() {
        let names = ["redeploy-webhook", "my hook/é!", "..", "a  b"].map(hook_name);
        assert_eq!(names, ["redeploy-webhook", "my-hook", "hook", "a-b"]);
    }

    #[test]
    fn a_shell_word_means_what_it_says() {
        assert_eq!(shell_word("a b'c$d"), r"'a b'\''c$d'");
        assert_eq!((shell_word("./x.sh").as_str(), shell_word("").as_str()), ("./x.sh", "''"));
    }
}
