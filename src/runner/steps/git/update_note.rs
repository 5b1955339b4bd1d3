//! Edge. The note in the repository that an update is under way.
//!
//! Any git that is killed may leave a lock: by the note, which stays when an update is cut short, its own locks are told
//! from those of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Name of an update's note in the git directory, which is empty.
const UPDATE: &str = "HOOKSPOOL_UPDATE";

/// The note of an update under way.
#[derive(Debug)]
pub(super) struct UpdateNote {
    file: PathBuf,
    /// Begin of an earlier update that was cut short.
    cut_since: Option<SystemTime>,
    began: SystemTime,
}

impl UpdateNote {
    /// Leaves the note in `git_dir`, where it can be left; one that is there keeps its time.
    pub(super) fn leave(git_dir: &Path) -> Self {
        let file = git_dir.join(UPDATE);
        let cut_since = file.metadata().and_then(|found| found.modified()).ok();
        if cut_since.is_none() {
            let _not_ours_to_write = fs::write(&file, "");
        }
        Self { file, cut_since, began: SystemTime::now() }
    }

    /// Takes the note away: nothing was cut short.
    pub(super) fn take_away(&self) {
        let _was_not_left = fs::remove_file(&self.file);
    }

    /// `true` if `lock` was made while an update ran that was cut short.
    pub(super) fn explains(&self, lock: &Path) -> bool {
        let made = lock.metadata().and_then(|found| found.modified());
        made.is_ok_and(|made| self.cut_since.is_some_and(|since| since <= made) && made <= self.began)
    }
}
