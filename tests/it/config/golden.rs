//! A small right configuration, and what is said when a part of it is changed.

use hookspool::config::{LoadError, Report, load};

/// One line for each setting, so that a changed setting keeps its line.
const RIGHT: [&str; 7] = [
    r#"spool = "/var/spool/hookspool""#,
    "[[hook]]",
    r#"name = "docs""#,
    r#"provider = "gitee""#,
    r#"secret = { file = "/etc/docs" }"#,
    r#"dir = "/srv/docs""#,
    r#"steps = [{ shell = "make" }]"#,
];

/// The right configuration with the setting in `changed` put in its place, or added as line 8 where there is none.
pub(crate) fn with(changed: &str) -> String {
    let mut lines = RIGHT.to_vec();
    match place(changed) {
        Some(line) => lines[line] = changed,
        None => lines.push(changed),
    }
    lines.join("\n")
}

/// The right configuration without the setting `key`.
pub(crate) fn without(key: &str) -> String {
    let mut lines = RIGHT.to_vec();
    lines.remove(place(&format!("{key} = ")).expect("the configuration has it"));
    lines.join("\n")
}

fn place(changed: &str) -> Option<usize> {
    let key = changed.split('=').next()?;
    RIGHT.iter().position(|line| line.split('=').next() == Some(key))
}

/// What is wrong with `text`.
pub(crate) fn report(text: &str) -> Report {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, text).unwrap();
    match load(&file) {
        Err(LoadError::Wrong(report)) => Report { file: "hookspool.toml".into(), ..report },
        other => panic!("{text}\n{other:?}"),
    }
}

/// Asserts the whole report on `text`; `expected` begins with a line end.
#[track_caller]
pub(crate) fn is_reported(text: &str, expected: &str) {
    assert_eq!(format!("\n{}", report(text)), expected);
}

#[test]
fn the_configuration_that_the_others_change_is_right() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    std::fs::write(&file, RIGHT.join("\n")).unwrap();
    assert_eq!(load(&file).unwrap().hooks.len(), 1);
}
