//! Pure. The configuration, with one hook more and nothing else changed.

use super::wishes::Wishes;
use std::fmt::Write;
use std::path::Path;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Value};

/// A new configuration: `log_dir` is for a host of one's own.
pub(super) fn fresh(spool: &Path, log_dir: Option<&Path>, hook: &str) -> String {
    let mut text = format!(
        "# Begun by `hookspool init`. `man hookspool.toml` lists every key, `hookspool check` names every mistake.\n\
         spool = {}\n",
        quoted(&spool.to_string_lossy())
    );
    if let Some(dir) = log_dir {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[runner]\nlog_dir = {}\n", quoted(&dir.to_string_lossy()));
    }
    format!("{text}\n{hook}")
}

/// `text`, a configuration, and the hook behind its others.
pub(super) fn with_hook(text: &str, hook: &str) -> Result<String, String> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let parsed: DocumentMut = hook.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let tables = parsed.get("hook").and_then(Item::as_array_of_tables);
    let mut table = tables.and_then(|tables| tables.get(0)).cloned().ok_or("no hook")?;
    match document.entry("hook").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new())) {
        Item::ArrayOfTables(hooks) => {
            table.set_position(None);
            table.decor_mut().set_prefix("\n");
            hooks.push(table);
        }
        Item::Value(Value::Array(hooks)) => hooks.push(table.into_inline_table()),
        _ => return Err("`hook` is no list of tables".to_owned()),
    }
    Ok(document.to_string())
}

/// The table of a hook.
pub(super) fn hook(wishes: &Wishes, secret: &Path) -> String {
    let file = format!("{{ file = {} }}", quoted(&secret.to_string_lossy()));
    let mut lines = vec![("name", quoted(&wishes.name)), ("provider", quoted(wishes.provider))];
    match wishes.provider {
        "coding" => lines.push(("version", "2".to_owned())),
        "generic" => lines.push(("authorization", quoted("bearer"))),
        _ => {}
    }
    lines.push(("secret", file));
    lines.extend(wishes.repository.as_deref().map(|name| ("repository", quoted(name))));
    if ["docker-hub", "harbor"].contains(&wishes.provider) {
        lines.push(("events", "[\"package\"]".to_owned()));
    }
    lines.push(("dir", quoted(&wishes.dir.to_string_lossy())));
    let mut text = "[[hook]]\n".to_owned();
    for (key, value) in lines {
        let _ = writeln!(text, "{key:10} = {value}");
    }
    let git = wishes.from.as_deref().map(|from| format!("  {{ git = \"update\", from = {} }},\n", quoted(from)));
    let shell = wishes.shell.iter().map(|command| format!("  {{ shell = {} }},\n", quoted(command)));
    let steps: String = git.into_iter().chain(shell).collect();
    format!("{text}steps = [\n{steps}]\n")
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = "[[hook]]\nname = \"new\"\nsteps = [\n  { git = \"update\" },\n]\n";

    #[test]
    fn a_hook_is_added_behind_the_others_and_nothing_else_changes() {
        let text =
            "# mine\nspool   = '/s' # here\n\n[[hook]]\nname = \"old\"   # kept\n\n[runner]\nworkers = 2\n# the end\n";
        let with = with_hook(text, HOOK).unwrap();
        let (before, after) = text.split_once("\n[runner]").unwrap();
        assert_eq!(with, format!("{before}\n{HOOK}\n[runner]{after}"));
    }

    #[test]
    fn the_first_hook_and_a_list_of_inline_tables_take_it_too() {
        assert_eq!(with_hook("spool = \"/s\"\n", HOOK).unwrap(), format!("spool = \"/s\"\n\n{HOOK}"));
        let with = with_hook("spool = \"/s\"\nhook = [{ name = \"old\" }]\n", HOOK).unwrap();
        let parsed: toml::Table = with.parse().unwrap();
        assert_eq!(parsed["hook"].as_array().unwrap().len(), 2, "{with}");
        assert!(with_hook("hook = 7", HOOK).is_err() && with_hook("hook = [", HOOK).is_err());
    }
}
