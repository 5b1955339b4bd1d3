//! Edge. Files that a filter was to change on their way to the disk, and that are as they are in the repository: Git
//! LFS pointers above all.

use super::changes::path_of;
use super::command::Git;
use super::names::names;
use crate::runner::steps::attempt::Trouble;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Beginning of a pointer.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Largest `.gitattributes` that git reads.
const ATTRIBUTES_LIMIT_BYTES: u64 = 100 * 1024 * 1024;

/// Looks at the work tree of `git` after a checkout: refuses pointers in place of files, and notes other filters that
/// are not configured.
pub(super) fn check(git: &mut Git<'_, '_>) -> Result<(), Trouble> {
    for name in filters(git)? {
        let configured = git.ask(&["config", "--get-regexp", &format!(r"^filter\.{name}\.(smudge|process)$")])?;
        if name != "lfs" && configured.is_some() {
            continue;
        }
        let mut files: Vec<PathBuf> =
            git.with_attribute(&format!("filter={name}"))?.iter().map(|f| path_of(f)).collect();
        if name == "lfs" {
            files.retain(|file| is_pointer(&git.dir.join(file)));
        }
        if files.is_empty() {
            continue;
        }
        let are_skipped = name != "lfs" || configured.is_some_and(|how| how.contains("--skip"));
        if are_skipped || git.ask(&["config", "--get", "lfs.fetchexclude"])?.is_some() {
            let what = names(&files);
            git.note(&format!("filter `{name}` is not used here: {what} have their content of the repository"));
            continue;
        }
        return Err(Trouble::refused(format!(
            "{} are Git LFS pointers instead of files; install `git-lfs`, and run `git lfs install` as the runner's \
             user",
            names(&files)
        )));
    }
    Ok(())
}

/// Names of the filters that the `.gitattributes` of the work tree tell of.
fn filters(git: &mut Git<'_, '_>) -> Result<BTreeSet<String>, Trouble> {
    let mut filters = BTreeSet::new();
    for file in git.matching("**/.gitattributes")? {
        let path = git.dir.join(path_of(&file));
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() < ATTRIBUTES_LIMIT_BYTES) {
            let text = fs::read(&path).unwrap_or_default();
            let words = String::from_utf8_lossy(&text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let named = words.iter().filter_map(|word| word.strip_prefix("filter="));
            let is_plain = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            filters.extend(named.filter(is_plain).map(str::to_owned));
        }
    }
    Ok(filters)
}

fn is_pointer(file: &Path) -> bool {
    let mut begin = [0; POINTER.len()];
    let is_file = fs::symlink_metadata(file).is_ok_and(|found| found.is_file());
    is_file && File::open(file).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == POINTER
}
