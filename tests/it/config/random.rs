//! Whatever is in the file, it is loaded or its problems are shown; nothing panics.

use hookspool::config::{KEYS, LoadError, load};
use proptest::prelude::*;
use std::io::Write;

/// Loads `bytes`, and holds true what every report promises.
fn survives(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let Err(LoadError::Wrong(report)) = load(file.path()) else { return };
    let places: Vec<_> = report.problems.iter().map(|problem| (problem.line, problem.column)).collect();
    let said = report.to_string();
    assert!(!places.is_empty() && places.is_sorted(), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert!(!said.contains("cannot be read"), "{said}");
    assert!(said.lines().all(|line| !line.contains(|c: char| c.is_control())), "{said:?}");
}

const VALUES: [&str; 36] = [
    "1",
    "2",
    "-1",
    "99999999999999999999",
    "0x10",
    "1.5",
    "nan",
    "true",
    "1979-05-27",
    "\"\"",
    "\" \"",
    "\"main\"",
    "\"/srv/文档\"",
    "\"15m\"",
    "\"25MiB\"",
    "\"999999999999999d\"",
    "\"a/b\"",
    "\"../x\"",
    "\"\\u0000\"",
    "\"[\"",
    "\"{a,{b\"",
    "\"generic\"",
    "\"coding\"",
    "\"update\"",
    "\"supersede\"",
    "'''\nx\n'''",
    "[]",
    "[[]]",
    "{}",
    "[\"push\"]",
    "[\"**/*\", \"a[!b]\"]",
    "[{ shell = \"x\" }]",
    "[{ run = [\"a\", 1] }, { git = \"update\", from = \"-\" }]",
    "{ attempts = 3 }",
    "{ file = \"/a\" }",
    "{ header = \"X\" }",
];
const HEADERS: [&str; 8] =
    ["[runner]", "[defaults]", "[[hook]]", "[[hook]]", "[hook.secret]", "[[hook.steps]]", "[defaults.retry]", "[hook]"];
const LITERAL_SECRETS: [&str; 5] = [
    "secret = \"hunter2\"",
    "secret = { value = \"hunter2\" }",
    "secret = [\"hunter2\", { file = \"hunter2\" }]",
    "password = \"hunter2\"",
    "secret = \"hunter2",
];

/// Lines that look like a configuration.
fn line() -> impl Strategy<Value = String> {
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    let setting = (prop::sample::select(names), prop::sample::select(VALUES.to_vec()));
    prop_oneof![
        12 => setting.prop_map(|(name, value)| format!("{name} = {value}")),
        3 => prop::sample::select(HEADERS.to_vec()).prop_map(str::to_owned),
        1 => prop::sample::select(LITERAL_SECRETS.to_vec()).prop_map(str::to_owned),
        1 => "[a-z\"'=\\[\\]{}#.,\t ]{0,12}",
    ]
}

/// As `line`, but without two keys of one name in a table and without what is no TOML: gets past the parser.
fn tables() -> impl Strategy<Value = String> {
    let values = prop::collection::vec(prop::option::weighted(0.3, prop::sample::select(VALUES.to_vec())), KEYS.len());
    (values, prop::sample::select(LITERAL_SECRETS[..4].to_vec())).prop_map(|(values, secret)| {
        let (mut top, mut hook) = (String::new(), format!("[[hook]]\n{secret}\n[[hook]]\n"));
        let mut seen = vec!["secret", "password"];
        for (key, value) in KEYS.iter().zip(values).rev() {
            if let Some(value) = value.filter(|_| !seen.contains(&key.name)) {
                seen.push(key.name);
                let line = format!("{} = {value}\n", key.name);
                top += &line;
                hook += &line;
            }
        }
        top + &hook
    })
}

proptest! {
    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn random_text_does_not_panic(text in "\\PC{0,200}") {
        survives(text.as_bytes());
    }

    #[test]
    fn random_lines_of_a_configuration_do_not_panic(lines in prop::collection::vec(line(), 0..30)) {
        survives(lines.join("\n").as_bytes());
        survives(format!("\u{feff}{}", lines.join("\r\n")).as_bytes());
    }

    #[test]
    fn random_values_of_every_key_do_not_panic(text in tables()) {
        survives(text.as_bytes());
    }
}
