//! Pure. hooks.json and hooks.yaml of adnanh/webhook.

mod command;
mod field;
mod rule;

use super::translation::{NewHook, Note, Translated, Translation, hook_name, quoted};
use super::yaml;
use crate::config::nearest;
use rule::Guard;
use serde_json::{Map, Value};

/// Every key of a hook.
const KEYS: [&str; 18] = [
    "id",
    "execute-command",
    "command-working-directory",
    "response-message",
    "response-headers",
    "success-http-response-code",
    "incoming-payload-content-type",
    "http-methods",
    "include-command-output-in-response",
    "include-command-output-in-response-on-error",
    "parse-parameters-as-json",
    "pass-arguments-to-command",
    "pass-environment-to-command",
    "pass-file-to-command",
    "trigger-rule",
    "trigger-rule-mismatch-http-response-code",
    "trigger-signature-soft-failures",
    "response-encoding",
];
/// Keys whose meaning is in the translation.
const TRANSLATED: [&str; 7] = [
    "id",
    "execute-command",
    "command-working-directory",
    "pass-arguments-to-command",
    "pass-environment-to-command",
    "pass-file-to-command",
    "trigger-rule",
];

/// The translation of a file; `Err`: it is no list of hooks.
pub(super) fn translate(text: &str) -> Result<Translation, String> {
    if text.contains("{{") {
        return Err("it is a template (`{{ … }}`): render it first, or put the values in by hand".to_owned());
    }
    let hooks = read(text)?;
    let list = hooks.as_array().ok_or("it is no list of hooks")?;
    let mut translation = Translation { head: head(), ..Translation::default() };
    translation.notes.push(Note::plain(
        "Only pushes become jobs, one after the other; webhook ran its command at once for all that its rules let in.",
    ));
    for hook in list {
        translation.hooks.push(hook.as_object().map_or_else(no_hook, one));
    }
    rename_twins(&mut translation.hooks);
    Ok(translation)
}

fn read(text: &str) -> Result<Value, String> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).or_else(|error| yaml::parse(text).map_err(|_| error.to_string()));
    }
    yaml::parse(text)
}

/// As webhook does it: one try, and every delivery counts.
fn head() -> Vec<String> {
    ["[defaults]", "when_newer = \"keep\"", "retry      = { attempts = 1 }"].map(str::to_owned).to_vec()
}

fn no_hook() -> Translated {
    Translated::Refused { name: "?".to_owned(), why: "it is no table".to_owned() }
}

fn one(hook: &Map<String, Value>) -> Translated {
    let text = |key: &str| hook.get(key).and_then(Value::as_str).unwrap_or_default();
    let id = text("id").to_owned();
    let refused = |why: String| Translated::Refused { name: id.clone(), why };
    let rule = hook.get("trigger-rule").filter(|rule| rule.as_object().is_some_and(|rule| !rule.is_empty()));
    let guard = match rule.map_or_else(|| Ok(Guard::default()), rule::read) {
        Ok(guard) => guard,
        Err(why) => return refused(why),
    };
    if text("execute-command").is_empty() {
        return refused("it has no `execute-command`".to_owned());
    }
    let mut new = NewHook { name: hook_name(&id), ..NewHook::default() };
    new.set("path", quoted(&format!("/hooks/{}", hook_name(&id))));
    if new.name != id {
        new.note(format!("its name was `{id}`: enter the new URL at the sender"));
    }
    guard.put_into(&mut new, hook);
    if let Err(why) = command::put_into(hook, &mut new) {
        return refused(why);
    }
    name_the_dropped(hook, &mut new);
    Translated::Hook(new)
}

/// Keys that have no meaning here, and words that webhook itself has never looked at.
fn name_the_dropped(hook: &Map<String, Value>, new: &mut NewHook) {
    for (key, value) in hook.iter().filter(|(key, _)| !TRANSLATED.contains(&key.as_str())) {
        if !KEYS.contains(&key.as_str()) {
            let meant = nearest(key, KEYS).map(|word| format!(" (`{word}`?)")).unwrap_or_default();
            new.note(format!("`{key}`{meant} is no key of webhook, and had no effect there"));
        } else if key == "http-methods" && !value.as_array().is_some_and(|list| list.iter().any(|it| it == "POST")) {
            new.note("`http-methods`: a delivery comes by POST");
        } else if key == "trigger-signature-soft-failures" && value == &Value::Bool(true) {
            new.note("`trigger-signature-soft-failures`: a wrong signature is always refused");
        } else if !["http-methods", "trigger-signature-soft-failures"].contains(&key.as_str()) && !is_off(value) {
            new.note(format!("dropped `{key}`: the sender is told `queued <id>`, and the rest is in `hookspool log`"));
        }
    }
}

fn is_off(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
}

/// Two hooks of one name are one mistake of the check.
fn rename_twins(hooks: &mut [Translated]) {
    let mut seen: Vec<String> = Vec::new();
    for hook in hooks {
        let Translated::Hook(new) = hook else { continue };
        if seen.contains(&new.name) {
            let why = "another hook has its name; webhook looks at the first alone, too".to_owned();
            *hook = Translated::Refused { name: new.name.clone(), why };
            continue;
        }
        seen.push(new.name.clone());
    }
}
