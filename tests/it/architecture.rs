//! The rules of `src/README.md`, held true: what a file says it may do, and who may use whom.

use std::fs;
use std::path::{Path, PathBuf};

/// Which layers a layer may use, itself aside.
const MAY_USE: [(&str, &[&str]); 9] = [
    ("model", &[]),
    ("system", &[]),
    ("gateway", &["model"]),
    ("provider", &["model"]),
    ("spool", &["model", "system"]),
    ("config", &["model", "provider", "system"]),
    ("intake", &["model", "gateway", "provider", "config", "spool"]),
    ("runner", &["model", "provider", "config", "spool", "system"]),
    ("cli", &["model", "gateway", "provider", "config", "spool", "system", "intake", "runner"]),
];

/// What a pure file never names.
const IMPURE: [&str; 15] = [
    "std::fs",
    "std::net::Tcp",
    "std::net::Udp",
    "std::process",
    "std::env",
    "std::thread",
    "std::os::unix::net",
    "Instant::now",
    "SystemTime",
    "Timestamp::now",
    "rustix::fs",
    "rustix::process",
    "rustix::net",
    "println!",
    "tracing::",
];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The file without its unit tests: they may do what they like.
    fn code(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    fn layer(&self) -> String {
        let first = self.path.strip_prefix(root()).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().into_owned()
    }

    fn is_test(&self) -> bool {
        let path = self.path.to_string_lossy();
        path.ends_with("tests.rs")
            || path.contains("/tests/")
            || path.ends_with("testing.rs")
            || path.ends_with("spool/fake.rs")
            || path.contains("spool/crash/")
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(Source { text: fs::read_to_string(&path).unwrap(), path });
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

#[test]
fn every_file_says_on_its_first_line_what_it_may_do() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|s| s.path.file_name().is_some_and(|name| name != "lib.rs"))
        .filter(|s| !s.text.starts_with("//! Pure. ") && !s.text.starts_with("//! Edge. "))
        .map(|s| s.path)
        .collect();
    assert_eq!(silent, Vec::<PathBuf>::new());
}

#[test]
fn pure_files_touch_nothing_outside() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| s.text.starts_with("//! Pure. ") && !s.is_test()) {
        for word in IMPURE.iter().filter(|word| source.code().contains(**word)) {
            found.push(format!("{} names {word}", source.path.display()));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_layer_uses_one_above_it() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| !s.is_test()) {
        let layer = source.layer();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else { continue };
        for used in source.code().split("crate::").skip(1) {
            let used: String = used.chars().take_while(char::is_ascii_lowercase).collect();
            let is_layer = MAY_USE.iter().any(|(name, _)| *name == used);
            if is_layer && used != layer && !allowed.contains(&used.as_str()) {
                found.push(format!("{} uses {used}", source.path.display()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_fastcgi_responder_knows_nothing_of_hookspool() {
    let strangers: Vec<_> = sources()
        .into_iter()
        .filter(|s| s.path.to_string_lossy().contains("gateway/fastcgi/"))
        .filter(|s| {
            s.text.contains("crate::")
                && s.text.split("crate::").skip(1).any(|rest| !rest.starts_with("gateway::fastcgi"))
        })
        .map(|s| s.path)
        .collect();
    assert_eq!(strangers, Vec::<PathBuf>::new());
}

#[test]
fn what_nobody_verified_is_read_by_explain_only() {
    let names_it = |source: &Source| source.code().contains("read_unverified");
    let strangers: Vec<_> = sources()
        .into_iter()
        .filter(|source| names_it(source) && !source.path.ends_with("provider/mod.rs"))
        .map(|source| source.path)
        .filter(|path| !path.to_string_lossy().contains("cli/explain/"))
        .collect();
    assert_eq!(strangers, Vec::<PathBuf>::new());
    assert!(sources().iter().any(|source| names_it(source) && source.path.ends_with("provider/mod.rs")));
}
