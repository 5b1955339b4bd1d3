//! Edge. The directory of a repository's packs, rid of what a fetch left there that was cut short, and that no git ever
//! uses again or removes.

use crate::system::holders::is_open;
use std::fs;
use std::path::Path;

/// Beginnings of the names of files that a fetch writes before they are complete.
const UNFINISHED: [&str; 4] = ["tmp_pack_", "tmp_idx_", "tmp_rev_", "tmp_mtimes_"];

/// Removes what fetches left in the directory `packs` of a repository that were cut short. What a live git writes is
/// open.
pub(super) fn clear_packs(packs: &Path) {
    for entry in fs::read_dir(packs).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_unfinished = UNFINISHED.iter().any(|begin| name.to_string_lossy().starts_with(begin));
        if is_unfinished && !is_open(&entry.path()) {
            let _still_there = fs::remove_file(entry.path());
        }
    }
}
