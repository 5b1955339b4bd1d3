//! `import`: each construct of another program's configuration, and what becomes of it.

mod snare; // snare.conf
mod webhook; // hooks.json and hooks.yaml

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// What `import` made of a file.
struct Imported {
    dir: TempDir,
    code: Option<i32>,
    /// The configuration, without what all have in common.
    text: String,
    /// Standard error.
    told: String,
}

impl Imported {
    fn from(program: &str, name: &str, text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), text).unwrap();
        let output = hookspool(&dir, &["import", program, name, "--output", "hookspool.toml"]);
        let text = fs::read_to_string(dir.path().join("hookspool.toml")).unwrap_or_default();
        let told = String::from_utf8(output.stderr).unwrap();
        Self { code: output.status.code(), text, told, dir }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn secret(&self, name: &str) -> String {
        let file = self.at("secrets").join(name);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        fs::read_to_string(file).unwrap().trim_end().to_owned()
    }

    /// Fails unless the program itself takes the configuration.
    fn checks(&self) {
        let checked = hookspool(&self.dir, &["--config", "hookspool.toml", "check"]);
        assert!(checked.status.success(), "{}\n{checked:?}", self.text);
    }

    /// Fails unless every one of `lines` is a line of the configuration.
    fn has(&self, lines: &[&str]) {
        for line in lines {
            assert!(self.text.lines().any(|other| other.trim() == *line), "{line}\n{}\n{}", self.text, self.told);
        }
    }
}

fn hookspool(dir: &TempDir, arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_hookspool")).current_dir(dir.path()).args(arguments).output().unwrap()
}

#[test]
fn nothing_is_replaced_and_without_a_place_no_secret_is_written_or_shown() {
    let hooks = r#"[{ "id": "a", "execute-command": "/x/y", "trigger-rule": { "match": {
        "type": "value", "value": "hunter2", "parameter": { "source": "header", "name": "X-Gitlab-Token" } } } }]"#;
    let it = Imported::from("webhook", "hooks.json", hooks);
    assert_eq!(it.code, Some(0), "{}", it.told);
    assert_eq!(it.secret("a"), "hunter2");
    let again = hookspool(&it.dir, &["import", "webhook", "hooks.json", "--output", "hookspool.toml"]);
    assert_eq!(again.status.code(), Some(73), "{again:?}");

    fs::remove_dir_all(it.at("secrets")).unwrap();
    let printed = hookspool(&it.dir, &["import", "webhook", "hooks.json"]);
    let both = [printed.stdout, printed.stderr].concat();
    let text = String::from_utf8(both).unwrap();
    assert!(text.contains("provider   = \"gitlab\"") && text.contains("is not written (no `--secrets`)"), "{text}");
    assert!(!text.contains("hunter2") && !it.at("secrets").exists(), "{text}");
}

#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    for (program, text, why) in [
        ("webhook", "[{\"id\": ", "EOF while parsing"),
        ("webhook", "{\"hooks\": {}}", "it is no list of hooks"),
        ("webhook", "- id: {{ getenv \"ID\" }}", "render it first"),
        ("webhook", "- &a {id: x}\n- *a", "an alias"),
        ("snare", "github { match \"a/b\" { cmd = 7; } }", "line 1: a text in quotes was expected"),
        ("snare", "listen = \"1:2\";", "it has no `match`"),
    ] {
        let it = Imported::from(program, "file", text);
        assert_eq!(it.code, Some(78), "{}", it.told);
        assert!(it.told.contains(why) && it.text.is_empty(), "{why}: {}", it.told);
    }
}
