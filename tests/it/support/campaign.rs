//! Edge. What `tests/campaign` tells a test of chance, and what it is told: numbers from the environment, and a file that
//! grows with what was tried.

use std::io::Write;

/// A number from `HOOKSPOOL_<name>`, or `default`.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    given(name).unwrap_or(default)
}

/// A number from `HOOKSPOOL_<name>`, if a campaign says one.
pub(crate) fn given(name: &str) -> Option<u64> {
    let text = std::env::var(format!("HOOKSPOOL_{name}")).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("HOOKSPOOL_{name}={text} is no number")))
}

/// Notes that so many more states were tried, for the campaign's line of progress.
pub(crate) fn tried(count: u64) {
    if let Some(path) = std::env::var_os("HOOKSPOOL_TRIED") {
        let file = std::fs::File::options().append(true).create(true).open(path);
        file.and_then(|mut file| writeln!(file, "{count}")).expect("cannot count what was tried");
    }
}
