//! Edge. Every `toml` block of the documents is a configuration that the real program accepts.

use crate::support::Site;
use crate::support::document::{Block, blocks, whole};
use crate::support::site::{SECRET, read_shipped};
use hookspool::config::load;
use hookspool::notify::{Messenger, StatusForge};
use hookspool::provider::Provider;
use std::fs;

/// The documents that hold such blocks, and how many at least.
const DOCUMENTS: [(&str, usize); 4] =
    [("README.md", 1), ("README.zh-CN.md", 4), ("deploy/RECIPES.md", 4), ("deploy/FLEET.md", 2)];

fn configurations(document: &str) -> Vec<Block> {
    blocks(document).into_iter().filter(|block| block.language == "toml").collect()
}

#[test]
fn every_configuration_in_the_documents_is_right() {
    let site = Site::new();
    for (document, least) in DOCUMENTS {
        let found = configurations(document);
        assert!(found.len() >= least, "{document} has {} blocks", found.len());
        for Block { line, text, .. } in found {
            site.configure(&whole(&text));
            for name in text.split("secrets/").skip(1).filter_map(|rest| rest.split('"').next()) {
                site.secret(name, SECRET);
            }
            let config = site.config();
            let checked = site.hookspool(&["check", "--config", config.to_str().expect("UTF-8 path")]);
            let said = String::from_utf8_lossy(&checked.stdout).into_owned();
            assert!(checked.status.success(), "{document}, block at line {line}: {checked:?}");
            assert!(said.contains("no problems\n") && said.contains("\nhook "), "{document}:{line}: {said}");
        }
    }
}

#[test]
fn every_configuration_of_a_forge_loads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    let found = configurations("deploy/FORGES.md");
    assert!(found.len() >= Provider::NAMES.len());
    for Block { line, text, .. } in found {
        fs::write(&file, whole(&text)).unwrap();
        let config = load(&file).unwrap_or_else(|error| panic!("block at line {line}: {error}"));
        assert!(!config.hooks.is_empty(), "block at line {line}: no hook");
    }
}

#[test]
fn every_kind_of_message_and_every_forge_with_statuses_has_a_configuration_that_loads() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hookspool.toml");
    let (mut kinds, mut forges) = (Vec::new(), Vec::new());
    for Block { line, text, .. } in configurations("deploy/MESSAGES.md") {
        fs::write(&file, whole(&text)).unwrap();
        let config = load(&file).unwrap_or_else(|error| panic!("block at line {line}: {error}"));
        kinds.extend(config.notify.iter().map(|target| target.messenger));
        forges.extend(config.hooks.iter().filter_map(|hook| Some(hook.plan.status.as_ref()?.forge)));
    }
    for (name, messenger) in Messenger::ALL {
        assert!(kinds.contains(&messenger), "no target of kind {name}");
    }
    // Bitbucket's server differs from its cloud in the address alone.
    let shown = |forge: StatusForge| forges.contains(&forge) || forge == StatusForge::BitbucketServer;
    for (name, forge) in StatusForge::PROVIDERS {
        assert!(shown(forge), "no status of {name}");
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
