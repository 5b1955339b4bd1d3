//! Edge. Faults that were reported with a reproduction, and deliveries that real forges sent, beside the checkout when
//! they are there (`$HOOKSPOOL_SHARED`, else `../shared`). Each kind of them has a test of this suite's own.

use crate::support::world::PROGRAM;
use crate::vectors::beside_the_checkout;
use std::process::Command;

/// An older tag is deployed when its delivery comes again: README says so, and `forward_only` is the guard.
const AS_DOCUMENTED: [&str; 1] = ["tag-replay"];

fn passes(command: &mut Command) {
    let output = command.env("HOOKSPOOL_BIN", PROGRAM).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn every_reported_fault_is_mended() {
    let Some(cases) = beside_the_checkout("cases/run") else { return };
    let folders = cases.parent().unwrap().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = folders
        .filter(|path| path.join("repro.py").is_file())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .filter(|name| !AS_DOCUMENTED.contains(&name.as_str()))
        .collect();
    names.sort();
    passes(Command::new(cases).args(names));
}

#[test]
fn what_real_forges_sent_is_answered_rightly() {
    let Some(replay) = beside_the_checkout("captured/replay.py") else { return };
    passes(Command::new("python3").arg(replay));
}
