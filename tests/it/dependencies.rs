//! The crates that are built in: under licences that we may pass on, from one registry, and each in one version.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Licences that ask for nothing but their text.
const LICENCES: [&str; 6] = ["MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Unicode-3.0", "CDLA-Permissive-2.0"];

/// Crates that others pin to two versions, with those who keep the older one.
const TWICE: [(&str, &str); 16] = [
    ("base64", "async-nats and nkeys"),
    ("block-buffer", NKEYS),
    ("const-oid", NKEYS),
    ("cpufeatures", NKEYS),
    ("crypto-common", NKEYS),
    ("curve25519-dalek", NKEYS),
    ("digest", NKEYS),
    ("ed25519", NKEYS),
    ("ed25519-dalek", NKEYS),
    ("getrandom", "ring, for the TLS of `send` and of the relay"),
    ("rand", NKEYS),
    ("rand_core", NKEYS),
    ("sha2", NKEYS),
    ("signature", NKEYS),
    ("syn", "curve25519-dalek-derive, when building only"),
    ("webpki-roots", "tokio-websockets, a crate that async-nats may use, and that is not built"),
];
/// The logins of NATS rest on the generation of cryptography before ours.
const NKEYS: &str = "nkeys, with ed25519-dalek 2";

/// What `program` prints, which must succeed.
fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The crates of this machine's build and its tests, as `cargo metadata` describes them.
fn packages() -> Vec<Value> {
    let version = printed("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let metadata = printed(&cargo, &["metadata", "--locked", "--format-version", "1", "--filter-platform", host]);
    let mut metadata: Value = serde_json::from_str(&metadata).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else { panic!("no packages") };
    assert!(packages.len() > 50, "{} packages", packages.len());
    packages
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

/// `true` if an SPDX expression allows a choice of `LICENCES` alone. A slash is the old way to write `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let allowed = any_of(&mut words);
    allowed && words.next().is_none()
}

type Words<'a, 'b> = &'a mut std::iter::Peekable<std::str::SplitWhitespace<'b>>;

fn any_of(words: Words<'_, '_>) -> bool {
    let mut allowed = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        allowed |= all_of(words);
    }
    allowed
}

fn all_of(words: Words<'_, '_>) -> bool {
    let mut allowed = one(words);
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words);
    }
    allowed
}

/// A licence, which an exception makes another one, or an expression in parentheses.
fn one(words: Words<'_, '_>) -> bool {
    let Some(word) = words.next() else { return false };
    if word == "(" {
        let allowed = any_of(words);
        return words.next() == Some(")") && allowed;
    }
    let has_exception = words.next_if_eq(&"WITH").is_some() && words.next().is_some();
    LICENCES.contains(&word) && !has_exception
}

#[test]
fn every_crate_has_a_licence_of_the_list_and_comes_from_the_registry() {
    let is_strange = |package: &&Value| {
        let is_ours = text(package, "name") == env!("CARGO_PKG_NAME");
        let source = text(package, "source");
        !is_allowed(text(package, "license")) || !(is_ours || source.starts_with("registry+"))
    };
    let all = packages();
    let strange = all.iter().filter(is_strange);
    let named = strange.map(|package| ["name", "license", "source"].map(|key| text(package, key)));
    assert_eq!(named.collect::<Vec<_>>(), Vec::<[&str; 3]>::new());
}

#[test]
fn no_crate_is_there_in_two_versions_but_those_that_are_known() {
    let all = packages();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in &all {
        versions.entry(text(package, "name")).or_default().push(text(package, "version"));
    }
    let twice: Vec<&str> = versions.iter().filter(|(_, found)| found.len() > 1).map(|(name, _)| *name).collect();
    assert_eq!(twice, TWICE.map(|(name, _)| name));
}

#[test]
fn the_bill_of_materials_names_each_crate_that_is_built_in_and_has_no_time_in_it() {
    let bill = printed("deploy/sbom", &["x86_64"]);
    assert_eq!(bill, printed("deploy/sbom", &["x86_64"]));
    let bill: Value = serde_json::from_str(&bill).unwrap();
    assert_eq!([&bill["bomFormat"], &bill["specVersion"]], ["CycloneDX", "1.5"]);
    assert!(bill["metadata"].get("timestamp").is_none() && bill.get("serialNumber").is_none());
    let components = bill["components"].as_array().unwrap();
    for component in components {
        let (name, digest) = (text(component, "name"), &component["hashes"][0]["content"]);
        assert!(is_allowed(component["licenses"][0]["expression"].as_str().unwrap()), "{component}");
        assert_eq!(digest.as_str().map(str::len), Some(64), "{name}");
    }
    let names: Vec<&str> = components.iter().map(|component| text(component, "name")).collect();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let tree = ["tree", "--locked", "--edges", "normal", "--target", "x86_64-unknown-linux-musl", "--prefix", "none"];
    let tree = printed(&cargo, &tree);
    for line in tree.lines().filter(|line| !line.starts_with("hookspool ") && !line.is_empty()) {
        assert!(names.contains(&line.split(' ').next().unwrap()), "{line} is not in it");
    }
    // Tests and builds need them, and nobody who runs it.
    assert!(names.contains(&"rustix") && !names.contains(&"proptest") && !names.contains(&"autocfg"), "{names:?}");
}

#[test]
fn an_expression_allows_what_one_of_its_choices_allows() {
    for (expression, allowed) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("GPL-3.0-only OR MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT OR Apache-2.0 AND GPL-3.0-only", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", false),
        ("Apache-2.0 WITH LLVM-exception OR MIT", true),
        ("Apache-2.0 WITH LLVM-exception", false),
        ("MIT/Apache-2.0", true),
        ("MIT Apache-2.0", false),
        ("(MIT", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression), allowed, "{expression}");
    }
}
