//! The rules of `src/README.md`, held true: what a file says it may do, and who may use whom.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which layers a layer may use, itself aside.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("system", &[]),
    ("gateway", &["model", "system"]),
    ("provider", &["model", "system"]),
    ("spool", &["model", "system"]),
    ("notify", &["model", "system"]),
    ("config", &["model", "provider", "notify", "system"]),
    ("page", &["model", "spool"]),
    ("intake", &["model", "gateway", "provider", "config", "spool", "system"]),
    ("relay", &["model", "config", "spool", "system"]),
    ("runner", &["model", "provider", "config", "page", "relay", "spool", "notify", "system"]),
    ("cli", &["model", "gateway", "provider", "config", "relay", "spool", "system", "intake", "runner", "notify"]),
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
    /// The code alone: no comments, and nothing that only tests compile, wherever in the file it stands.
    fn code(&self) -> String {
        let mut code = String::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            match line.trim_start() {
                "#[cfg(test)]" => skip_item(&mut lines, &line[..line.len() - "#[cfg(test)]".len()]),
                comment if comment.starts_with("//") => {}
                _ => code.extend([line, "\n"]),
            }
        }
        code
    }

    /// The code, followed by each imported path in full: `use std::{fs, io}` names `std::fs` too. Every path that
    /// climbs by `super` begins at the crate's root.
    fn names(&self) -> String {
        let code = self.code();
        let imported: Vec<String> = imports(&code).iter().flat_map(|tree| leaves(tree)).collect();
        let module = self.module();
        let climbs = (1..=module.len()).rev();
        climbs.fold(code + &imported.join("\n"), |names, climb| {
            let above = [&["crate".to_owned()], &module[..module.len() - climb]].concat().join("::");
            names.replace(&"super::".repeat(climb), &format!("{above}::"))
        })
    }

    /// What follows `crate::`, each time.
    fn used(&self) -> Vec<String> {
        let names = self.names();
        let tails = names.split("crate::").skip(1).filter(|tail| tail.starts_with(|c: char| c.is_alphabetic()));
        let is_path = |c: &char| c.is_alphanumeric() || "_:".contains(*c);
        tails.map(|tail| tail.chars().take_while(is_path).collect()).collect()
    }

    /// The module's path from the crate's root.
    fn module(&self) -> Vec<String> {
        let path = self.path.strip_prefix(root()).unwrap().with_extension("");
        let mut names: Vec<_> = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        if names.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
            names.pop();
        }
        names
    }

    fn layer(&self) -> String {
        let first = self.path.strip_prefix(root()).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().into_owned()
    }

    /// Where the modules are that the file declares for tests only, without `.rs`.
    fn test_modules(&self) -> Vec<PathBuf> {
        let directory = if self.path.ends_with("mod.rs") || self.path.ends_with("lib.rs") {
            self.path.parent().unwrap().to_owned()
        } else {
            self.path.with_extension("")
        };
        let lines: Vec<&str> = self.text.lines().map(str::trim_start).collect();
        let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]").map(|pair| pair[1]);
        let names = declared.filter_map(|line| line.strip_suffix(';')?.split_once("mod ")).map(|(_, name)| name);
        names.map(|name| directory.join(name)).collect()
    }
}

/// Passes over the item that begins next: to its `;`, or to the brace that closes it, which rustfmt indents like the
/// item itself.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>, indent: &str) {
    let closing = [format!("{indent}}}"), format!("{indent}}};")];
    for (index, line) in lines.enumerate() {
        let is_whole = index == 0 && (line.ends_with(';') || (line.contains('{') && line.ends_with('}')));
        if is_whole || closing.iter().any(|end| end == line) {
            return;
        }
    }
}

/// The trees of all `use` declarations, without spaces.
fn imports(code: &str) -> Vec<String> {
    let starts = code.match_indices("use ").filter(|(at, _)| {
        let before = code[..*at].trim_end_matches(' ');
        before.is_empty() || before.ends_with(['\n', ')', '{', '}', ';']) || before.ends_with("pub")
    });
    let trees = starts.filter_map(|(at, word)| code[at + word.len()..].split_once(';'));
    trees.map(|(tree, _)| tree.chars().filter(|c| !c.is_whitespace()).collect()).collect()
}

/// All paths of an import tree.
fn leaves(tree: &str) -> Vec<String> {
    let Some((prefix, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut branches) = (0, vec![String::new()]);
    for c in inside.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            branches.push(String::new());
        } else if let Some(branch) = branches.last_mut() {
            branch.push(c);
        }
    }
    branches.iter().flat_map(|branch| leaves(branch)).map(|leaf| format!("{prefix}{leaf}")).collect()
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

/// The files that end up in the executable.
fn shipped() -> Vec<Source> {
    let all = sources();
    let for_tests: Vec<PathBuf> = all.iter().flat_map(Source::test_modules).collect();
    assert!(for_tests.contains(&root().join("spool/fake")), "modules for tests are not recognised");
    let is_test = |source: &Source| {
        for_tests.iter().any(|module| source.path.starts_with(module) || source.path == module.with_extension("rs"))
    };
    all.into_iter().filter(|source| !is_test(source)).collect()
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
    for source in shipped().iter().filter(|s| s.text.starts_with("//! Pure. ")) {
        let names = source.names();
        for word in IMPURE.iter().filter(|word| names.contains(**word)) {
            found.push(format!("{} names {word}", source.path.display()));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_layer_uses_one_above_it() {
    let mut found = Vec::new();
    for source in shipped() {
        let layer = source.layer();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == layer) else { continue };
        for used in source.used() {
            let used = used.split(':').next().unwrap_or_default();
            let is_layer = MAY_USE.iter().any(|(name, _)| *name == used);
            if is_layer && used != layer && !allowed.contains(&used) {
                found.push(format!("{} uses {used}", source.path.display()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_responder_knows_none_of_its_protocols_and_they_nothing_of_hookspool() {
    let mut found = Vec::new();
    for folder in ["responder", "fastcgi", "http"] {
        let may_use = ["system::", "gateway::responder", &format!("gateway::{folder}")];
        let is_inside = |source: &&Source| source.path.starts_with(root().join("gateway").join(folder));
        for source in shipped().iter().filter(is_inside) {
            let is_strange = |used: &String| used != "gateway" && !may_use.iter().any(|known| used.starts_with(known));
            let strangers = source.used().into_iter().filter(is_strange);
            found.extend(strangers.map(|used| format!("{} uses {used}", source.path.display())));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_nobody_verified_is_read_by_explain_only() {
    let names_it = |source: &Source| source.code().contains("read_unverified");
    let strangers: Vec<_> = shipped()
        .into_iter()
        .filter(|source| names_it(source) && !source.path.ends_with("provider/mod.rs"))
        .map(|source| source.path)
        .filter(|path| !path.to_string_lossy().contains("cli/explain/"))
        .collect();
    assert_eq!(strangers, Vec::<PathBuf>::new());
    assert!(sources().iter().any(|source| names_it(source) && source.path.ends_with("provider/mod.rs")));
}

/// A file at `path` below `src`.
/// The type that a line of code declares. An associated type is indented.
fn declared_type(line: &str) -> Option<&str> {
    let item = line.trim_start().trim_start_matches("pub ");
    let item = item.strip_prefix("pub(").and_then(|scoped| scoped.split_once(") ")).map_or(item, |(_, item)| item);
    let (kind, rest) = item.split_once(' ')?;
    let is_type = ["struct", "enum", "trait", "union"].contains(&kind) || (kind == "type" && !line.starts_with(' '));
    is_type.then(|| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or(rest))
}

#[test]
fn no_type_name_has_two_meanings() {
    let mut places = BTreeMap::<String, Vec<PathBuf>>::new();
    for source in shipped() {
        for name in source.code().lines().filter_map(declared_type) {
            places.entry(name.to_owned()).or_default().push(source.path.clone());
        }
    }
    assert!(places.len() > 300, "only {} types", places.len());
    places.retain(|_, paths| paths.len() > 1);
    assert!(places.is_empty(), "{places:#?}");
}

/// Words with which a comment asks about an item instead of saying what it is.
const QUESTIONS: [&str; 7] = ["What", "Whether", "How", "Who", "Why", "Where", "When"];

#[test]
fn no_doc_comment_begins_with_a_question() {
    let mut found = Vec::new();
    for source in sources() {
        let mut is_in_comment = false;
        for line in source.text.lines().map(str::trim_start) {
            let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
            let head = comment.filter(|_| !is_in_comment).unwrap_or_default();
            let head = head.trim_start().trim_start_matches("Pure. ").trim_start_matches("Edge. ");
            let word = head.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if QUESTIONS.contains(&word) {
                found.push(format!("{}: {line}", source.path.display()));
            }
            is_in_comment = comment.is_some();
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn no_line_is_longer_than_120_columns() {
    let long: Vec<String> = sources()
        .iter()
        .flat_map(|source| source.text.lines().map(|line| (source.path.display(), line)))
        .filter(|(_, line)| line.chars().count() > 120)
        .map(|(path, line)| format!("{path}: {line}"))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

fn source(path: &str, text: &str) -> Source {
    Source { path: root().join(path), text: text.to_owned() }
}

#[test]
fn code_after_a_module_for_tests_is_looked_at() {
    let text = "#[cfg(test)]\nmod tests;\nfn f() { std::fs::read(p) }\n#[cfg(test)]\nmod inner {\n    fn g() {}\n}\n\
                fn h() {}\n";
    let code = source("model/a.rs", text).code();
    assert_eq!(code, "fn f() { std::fs::read(p) }\nfn h() {}\n");
}

#[test]
fn grouped_imports_and_long_climbs_are_seen() {
    let text = "use crate::{\n    runner::{drain, Terms},\n    spool::Inbox,\n};\nuse super::super::cli::Cli;\n\
                use std::{fs, io};\n";
    let used = ["runner::drain", "runner::Terms", "spool::Inbox", "cli::Cli"];
    let file = source("model/a/mod.rs", text);
    let found = file.used();
    assert!(used.iter().all(|name| found.iter().any(|found| found == name)), "{found:?}");
    assert!(file.names().contains("std::fs"));
    assert!(source("model/deep/a.rs", text).used().contains(&"model::cli::Cli".to_owned()), "two of three levels");
}
