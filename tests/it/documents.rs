//! Documents are tests: every `toml` block of the documents is a configuration that the real program accepts.

use hookspool::config::load;
use hookspool::provider::Provider;
use std::fs;
use std::path::Path;

/// The documents that hold such blocks, and how many at least.
const DOCUMENTS: [(&str, usize); 2] = [("README.md", 1), ("deploy/FORGES.md", Provider::NAMES.len())];

struct Block {
    line: usize,
    text: String,
}

fn read(document: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap()
}

/// The `toml` blocks of `document`.
fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in (1..).zip(read(document).lines()) {
        match line.trim() {
            "```toml" => {
                inside = true;
                blocks.push(Block { line: number, text: String::new() });
            }
            "```" => inside = false,
            _ if inside => blocks.last_mut().unwrap().text.extend([line, "\n"]),
            _ => {}
        }
    }
    blocks
}

/// A block as a file: hooks alone need the spool that every configuration names.
fn whole(text: &str) -> String {
    let names_spool = text.lines().any(|line| line.starts_with("spool"));
    if names_spool { text.to_owned() } else { format!("spool = \"/var/spool/hookspool\"\n{text}") }
}

#[test]
fn every_configuration_in_the_documents_loads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    for (document, least) in DOCUMENTS {
        let blocks = blocks(document);
        assert!(blocks.len() >= least, "{document} has {} blocks", blocks.len());
        for Block { line, text } in blocks {
            fs::write(&file, whole(&text)).unwrap();
            let config = load(&file).unwrap_or_else(|error| panic!("{document}, block at line {line}: {error}"));
            assert!(!config.hooks.is_empty(), "{document}, block at line {line}: no hook");
        }
    }
}

#[test]
fn every_provider_has_its_section_with_a_hook_of_its_own() {
    let text = read("deploy/FORGES.md");
    for name in Provider::NAMES {
        let section = text.split(&format!("\n## {name}\n")).nth(1).unwrap_or_else(|| panic!("no section on {name}"));
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains(&format!("= \"{name}\"\n")), "no hook of {name}");
        assert!(text.contains(&format!("[{name}](#{name})")), "{name} is not in the table");
    }
}
