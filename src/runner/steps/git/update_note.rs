//! Edge. The note in the repository that an update is under way.
//!
//! Any git that is killed may leave a lock: by the note, which stays when an update is cut short, its own locks are
//! told from those of others.

use super::ASIDE;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Name of an update's note in the git directory, which is empty.
const UPDATE: &str = "HOOKSPOOL_UPDATE";

/// Directories of a git directory that hold what is not this work tree's: files of people, and other work trees.
const NOT_OURS: [&str; 2] = [ASIDE, "worktrees"];

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

    /// `true` if an earlier update was cut short.
    pub(super) fn is_of_cut_one(&self) -> bool {
        self.cut_since.is_some()
    }

    /// Locks and unfinished objects below the directories `git_dirs` that an update left which was cut short.
    pub(super) fn left_behind(&self, git_dirs: &[PathBuf]) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        for dir in git_dirs {
            find_left(dir, Part::Rest, &mut found);
        }
        found.retain(|file| self.explains(file));
        found
    }

    /// `true` if `lock` was made while an update ran that was cut short.
    pub(super) fn explains(&self, lock: &Path) -> bool {
        let made = lock.metadata().and_then(|found| found.modified());
        made.is_ok_and(|made| self.cut_since.is_some_and(|since| since <= made) && made <= self.began)
    }
}

/// A part of a git directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Here, a name that begins with `tmp_` is one of an unfinished file.
    Objects,
    /// Here, it is one of a branch or tag.
    Names,
    Rest,
}

impl Part {
    /// The part that its directory `name` is; `None`: not this work tree's.
    fn below(self, name: &str) -> Option<Self> {
        match (name, self) {
            (name, _) if NOT_OURS.contains(&name) => None,
            ("objects", Self::Rest) => Some(Self::Objects),
            ("refs" | "logs", Self::Rest) => Some(Self::Names),
            _ => Some(self),
        }
    }

    /// `true` if a file `name` here is one that was to become another.
    fn has_unfinished(self, name: &OsStr) -> bool {
        self == Self::Objects && name.as_bytes().starts_with(b"tmp_")
    }
}

/// Files in the directory `dir`, and below it, that git removes itself when it is not cut short.
fn find_left(dir: &Path, part: Part, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if let Some(below) = part.below(&name.to_string_lossy()) {
                find_left(&path, below, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "lock") || part.has_unfinished(&name) {
            found.insert(path);
        }
    }
}
