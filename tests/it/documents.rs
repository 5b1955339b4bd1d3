//! Documents are tests: every `toml` block of the documents is a configuration that the real program accepts.

use crate::support::document::{Block, blocks, whole};
use crate::support::site::read_shipped;
use hookspool::config::load;
use hookspool::provider::Provider;
use std::fs;

/// The documents that hold such blocks, and how many at least.
const DOCUMENTS: [(&str, usize); 2] = [("README.md", 1), ("deploy/FORGES.md", Provider::NAMES.len())];

#[test]
fn every_configuration_in_the_documents_loads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    for (document, least) in DOCUMENTS {
        let blocks: Vec<Block> = blocks(document).into_iter().filter(|block| block.language == "toml").collect();
        assert!(blocks.len() >= least, "{document} has {} blocks", blocks.len());
        for Block { line, text, .. } in blocks {
            fs::write(&file, whole(&text)).unwrap();
            let config = load(&file).unwrap_or_else(|error| panic!("{document}, block at line {line}: {error}"));
            assert!(!config.hooks.is_empty(), "{document}, block at line {line}: no hook");
        }
    }
}

#[test]
fn every_provider_has_its_section_with_a_hook_of_its_own() {
    let text = read_shipped("deploy/FORGES.md");
    for name in Provider::NAMES {
        let section = text.split(&format!("\n## {name}\n")).nth(1).unwrap_or_else(|| panic!("no section on {name}"));
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains(&format!("= \"{name}\"\n")), "no hook of {name}");
        assert!(text.contains(&format!("[{name}](#{name})")), "{name} is not in the table");
    }
}
