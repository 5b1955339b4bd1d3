//! Edge. Files in the runner's directories that are not the runner's: somebody ran it, or a step, as another user.

use super::finding::Finding;
use super::rights::Rights;
use crate::model::State;
use crate::system::users;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Most entries of a directory that are looked at.
const LOOKED_AT: usize = 20_000;

/// Looks at histories, which only the runner writes, and at logs.
pub(super) fn look(spool: &Path, findings: &mut Vec<Finding>) {
    let Ok(root) = Rights::of(spool) else { return };
    let states = State::ALL.iter().filter(|state| **state != State::Corrupt).map(|state| (state.as_str(), "events"));
    for (directory, extension) in states.chain([("log", "log")]) {
        let path = spool.join(directory);
        if let Some((stranger, uid)) = first_stranger(&path, extension, root.uid) {
            let owner = users::name_of(root.uid);
            findings.push(Finding::problem(
                format!("{stranger} in {} belongs to {}", path.display(), users::name_of(uid)),
                format!("the runner, {owner}, cannot go on writing to it; was it started as another user?"),
                format!("find {} -not -user {owner} -name '*.{extension}' -exec chown {owner} {{}} +", path.display()),
            ));
        }
    }
}

fn first_stranger(directory: &Path, extension: &str, owner: u32) -> Option<(String, u32)> {
    let entries = fs::read_dir(directory).ok()?.take(LOOKED_AT).flatten();
    let of_kind = entries.filter(|entry| entry.path().extension().is_some_and(|found| found == extension));
    of_kind
        .filter_map(|entry| Some((entry.file_name().to_string_lossy().into_owned(), entry.metadata().ok()?.uid())))
        .find(|(_, uid)| *uid != owner)
}
