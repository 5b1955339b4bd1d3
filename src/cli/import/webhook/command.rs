//! Pure. `execute-command` with what it is given: a step. Text of a delivery stays in variables, in quotes.

use super::field::{RequestPart, jq_filter, variable};
use crate::cli::import::translation::{NewHook, list, quoted, shell_word};
use serde_json::{Map, Value};
use std::path::Path;

/// A word of the command or a value of its environment.
struct Word {
    /// As the shell reads it.
    shell: String,
    /// The text itself, where it depends on no delivery.
    literal: Option<String>,
}

/// Puts `dir` and `steps` into the hook.
pub(super) fn put_into(hook: &Map<String, Value>, new: &mut NewHook) -> Result<(), String> {
    let text = |key: &str| hook.get(key).and_then(Value::as_str).unwrap_or_default();
    let command = text("execute-command");
    let dir = directory(text("command-working-directory"), command, new);
    new.set("dir", quoted(&dir));
    let items = |key: &str| hook.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut words = vec![literal(command)];
    for argument in items("pass-arguments-to-command") {
        words.push(word(&argument, new)?);
    }
    let mut variables = Vec::new();
    for (index, item) in items("pass-environment-to-command").iter().enumerate() {
        let name = variable_name(item, index);
        if is_readable(&name, new) {
            variables.push((name, word(item, new)?));
        }
    }
    for (index, item) in items("pass-file-to-command").iter().enumerate() {
        let name = variable_name(item, index);
        if item["base64decode"] == Value::Bool(true) || RequestPart::read(item) != RequestPart::WholePayload {
            return Err(format!("`pass-file-to-command` of anything but the whole payload (`{name}`)"));
        }
        if is_readable(&name, new) {
            new.note(format!("`{name}` names the payload's file, which stays with the job"));
            variables.push((name, Word { shell: "\"$HOOKSPOOL_PAYLOAD\"".to_owned(), literal: None }));
        }
    }
    new.steps.push(step(&words, &variables));
    Ok(())
}

/// Without a delivery's words a command needs no shell.
fn step(words: &[Word], variables: &[(String, Word)]) -> String {
    let literals: Option<Vec<&str>> = words.iter().map(|word| word.literal.as_deref()).collect();
    if let (Some(literals), true) = (literals, variables.is_empty()) {
        return format!("{{ run = {} }}", list(&literals));
    }
    let exec = variables.is_empty().then(|| "exec".to_owned());
    let variables = variables.iter().map(|(name, word)| format!("{name}={}", word.shell));
    let line: Vec<String> = variables.chain(exec).chain(words.iter().map(|word| word.shell.clone())).collect();
    format!("{{ shell = {} }}", quoted(&line.join(" ")))
}

fn literal(text: &str) -> Word {
    Word { shell: shell_word(text), literal: Some(text.to_owned()) }
}

fn word(item: &Value, new: &mut NewHook) -> Result<Word, String> {
    let source = RequestPart::read(item);
    let of_delivery = |shell: String| Ok(Word { shell, literal: None });
    if let Some(name) = variable(&source) {
        if name == "HOOKSPOOL_EVENT" {
            new.note("the event has its name here (`push`), and not the header's");
        }
        return of_delivery(format!("\"${name}\""));
    }
    match source {
        RequestPart::Text(text) => {
            if ["ref", "after", "before", "payload"].contains(&text.as_str()) {
                new.note(format!(
                    "the word `{text}` itself is passed (`\"source\": \"string\"`): was a field of the payload meant?"
                ));
            }
            Ok(literal(&text))
        }
        RequestPart::WholePayload => {
            new.note("the whole payload on a command line ends at 128 KiB: `$HOOKSPOOL_PAYLOAD` is a file that has it");
            of_delivery("\"$(cat \"$HOOKSPOOL_PAYLOAD\")\"".to_owned())
        }
        RequestPart::Payload(name) => {
            new.note(format!("`{name}` is taken out of the payload by jq, which must be installed"));
            of_delivery(format!("\"$(jq -r {} \"$HOOKSPOOL_PAYLOAD\")\"", shell_word(&jq_filter(&name))))
        }
        RequestPart::Header(name) => Err(format!("its command gets header `{name}`, which no job has")),
        RequestPart::Other(what) => Err(format!("its command gets `{what}`, which no job has")),
    }
}

/// `envname`, or what webhook makes of the source's name.
fn variable_name(item: &Value, index: usize) -> String {
    let given = item["envname"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let of_source = || item["name"].as_str().map(|name| format!("HOOK_{name}"));
    given.or_else(of_source).unwrap_or_else(|| format!("HOOK_{index}"))
}

fn is_readable(name: &str, new: &mut NewHook) -> bool {
    let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
    let is_name = starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        new.note(format!("dropped variable `{name}`, which no shell can read"));
    }
    is_name
}

fn directory(named: &str, command: &str, new: &mut NewHook) -> String {
    if named.starts_with('/') {
        return named.to_owned();
    }
    let of_command = Path::new(command).parent().filter(|dir| dir.is_absolute() && dir != &Path::new("/"));
    let dir = of_command.map_or_else(|| "/srv".to_owned(), |dir| dir.to_string_lossy().into_owned());
    new.note(format!("it named no directory from `/` on: {dir} was taken"));
    dir
}
