//! Pure. A translation as a configuration, and as the list of what a person has to know.

use super::translation::{NewHook, Note, Translated, Translation, quoted};
use std::path::{Path, PathBuf};

/// Places in the new configuration.
#[derive(Debug, Clone)]
pub(super) struct ImportPlaces {
    pub(super) spool: PathBuf,
    pub(super) secrets: PathBuf,
}

/// A secret, and the name of its file. `None`: one is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretText {
    pub(super) file: String,
    pub(super) text: Option<String>,
}

/// The configuration. It holds no secret.
pub(super) fn configuration(source: &str, it: &Translation, places: &ImportPlaces) -> String {
    let mut lines = vec![
        format!("# Translated by `hookspool import` from {source}. Read the comments, then run `hookspool check`."),
        format!("spool = {}", quoted(&places.spool.to_string_lossy())),
    ];
    lines.extend(it.notes.iter().map(comment));
    lines.push(String::new());
    lines.extend(it.head.iter().cloned());
    for hook in &it.hooks {
        lines.push(String::new());
        match hook {
            Translated::Hook(hook) => table(hook, &places.secrets, &mut lines),
            Translated::Refused { name, why } => lines.push(comment(&Note::grave(refusal(name, why)))),
        }
    }
    let text = lines.join("\n");
    format!("{}\n", text.replace("\n\n\n", "\n\n").trim_end())
}

fn table(hook: &NewHook, secrets: &Path, lines: &mut Vec<String>) {
    lines.extend(hook.notes.iter().map(comment));
    lines.push("[[hook]]".to_owned());
    let line = |key: &str, value: &str| format!("{key:10} = {value}");
    lines.push(line("name", &quoted(&hook.name)));
    lines.push(line("provider", &quoted(&hook.provider)));
    let files: Vec<String> = secret_files(hook)
        .iter()
        .map(|secret| format!("{{ file = {} }}", quoted(&secrets.join(&secret.file).to_string_lossy())))
        .collect();
    lines.push(line("secret", &if let [one] = &files[..] { one.clone() } else { format!("[{}]", files.join(", ")) }));
    lines.extend(hook.settings.iter().map(|(key, value)| line(key, value)));
    steps("steps", &hook.steps, lines);
    if !hook.on_failure.is_empty() {
        steps("on_failure", &hook.on_failure, lines);
    }
}

fn steps(key: &str, steps: &[String], lines: &mut Vec<String>) {
    lines.push(format!("{key:10} = ["));
    lines.extend(steps.iter().map(|step| format!("  {step},")));
    lines.push("]".to_owned());
}

/// A comment of one line: whatever stood in the other file cannot end it.
fn comment(note: &Note) -> String {
    let mark = if note.is_grave { "ATTENTION: " } else { "" };
    format!("# {mark}{}", one_line(&note.text))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn refusal(name: &str, why: &str) -> String {
    format!("hook `{name}` was not translated: {why}")
}

/// The secrets of a hook, each in a file of its own.
pub(super) fn secret_files(hook: &NewHook) -> Vec<SecretText> {
    let named = |(index, text): (usize, &String)| {
        let file = if index == 0 { hook.name.clone() } else { format!("{}.{}", hook.name, index + 1) };
        SecretText { file, text: Some(text.clone()) }
    };
    if hook.secrets.is_empty() {
        return vec![SecretText { file: hook.name.clone(), text: None }];
    }
    hook.secrets.iter().enumerate().map(named).collect()
}

/// The notes for a person, line by line.
pub(super) fn report(it: &Translation) -> Vec<String> {
    let mut lines: Vec<String> = it.notes.iter().map(|note| one_line(&note.text)).collect();
    for hook in &it.hooks {
        match hook {
            Translated::Hook(hook) => {
                lines.extend(hook.notes.iter().map(|note| format!("hook `{}`: {}", hook.name, one_line(&note.text))));
            }
            Translated::Refused { name, why } => lines.push(one_line(&refusal(name, why))),
        }
    }
    lines
}

/// True if something was dropped on which a refusal depended.
pub(super) fn is_grave(it: &Translation) -> bool {
    let of_hook = |hook: &Translated| match hook {
        Translated::Hook(hook) => hook.notes.iter().any(|note| note.is_grave),
        Translated::Refused { .. } => true,
    };
    it.notes.iter().any(|note| note.is_grave) || it.hooks.iter().any(of_hook)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_other_file_ends_a_comment_and_no_secret_is_shown() {
        let hook = NewHook {
            name: "a".to_owned(),
            provider: "github".to_owned(),
            secrets: vec!["hunter2".to_owned(), "other".to_owned()],
            notes: vec![Note::plain("dropped `x\n[[hook]]`")],
            steps: vec!["{ shell = \"x\" }".to_owned()],
            ..NewHook::default()
        };
        let refused = Translated::Refused { name: "b\nspool = 7".to_owned(), why: "x".to_owned() };
        let it = Translation { hooks: vec![Translated::Hook(hook), refused], ..Translation::default() };
        let text = configuration("x", &it, &ImportPlaces { spool: "/s".into(), secrets: "/k".into() });
        assert!(text.contains("# dropped `x [[hook]]`\n[[hook]]\n") && text.contains("hook `b spool = 7`"), "{text}");
        assert!(text.contains("secret     = [{ file = \"/k/a\" }, { file = \"/k/a.2\" }]\n"), "{text}");
        assert!(!text.contains("hunter2") && is_grave(&it));
    }
}
