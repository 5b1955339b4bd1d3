//! Runs one target under libFuzzer: the one that `HOOKSPOOL_FUZZ` names. `--targets` lists them.

#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TARGET: OnceLock<targets::Target> = OnceLock::new();

fn chosen() -> targets::Target {
    if std::env::args().nth(1).as_deref() == Some("--targets") {
        targets::TARGETS.iter().for_each(|(name, _)| println!("{name}"));
        std::process::exit(0);
    }
    let wanted = std::env::var("HOOKSPOOL_FUZZ").unwrap_or_default();
    let found = targets::TARGETS.iter().find(|(name, _)| *name == wanted);
    found.unwrap_or_else(|| panic!("no target `{wanted}`; `--targets` lists them")).1
}

fuzz_target!(init: { TARGET.get_or_init(chosen); }, |data: &[u8]| {
    TARGET.get_or_init(chosen)(data);
});
