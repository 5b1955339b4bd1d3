//! Pure. The output of `git diff-index --raw -z` and its like: differences of two trees, the index or the disk.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Mode of a path that is not there.
pub(super) const ABSENT: u32 = 0;
/// Mode of a symbolic link.
pub(super) const LINK: u32 = 0o120_000;
/// Mode of a submodule.
pub(super) const SUBMODULE: u32 = 0o160_000;

/// A path that differs between two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Relative to the top of the work tree.
    pub(super) path: PathBuf,
    /// Mode on the first side.
    pub(super) before: u32,
    /// Mode on the second side.
    pub(super) after: u32,
    /// Object on the first side, hex.
    pub(super) object: String,
    /// `true` if the index has several versions of it, as during a merge.
    pub(super) is_unmerged: bool,
}

/// The changes in `raw`: `:100644 100755 <object> <object> M`, NUL, path, NUL, and so on.
pub(super) fn parse_changes(raw: &[u8]) -> Vec<Change> {
    let mut fields = raw.split(|&b| b == 0);
    let mut changes = Vec::new();
    while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
        changes.extend(parse_head(&String::from_utf8_lossy(head), path_of(path)));
    }
    changes
}

fn parse_head(head: &str, path: PathBuf) -> Option<Change> {
    let mut words = head.strip_prefix(':')?.split(' ');
    let mut mode = || u32::from_str_radix(words.next()?, 8).ok();
    let (before, after) = (mode()?, mode()?);
    let (object, is_unmerged) = (words.next()?.to_owned(), head.ends_with('U'));
    Some(Change { path, before, after, object, is_unmerged })
}

/// `true` if a path leads to a place in the work tree that git's own files are not in. A commit may name others: fetch
/// takes trees as they are.
pub(super) fn is_within(path: &Path) -> bool {
    let is_name = |part: Component<'_>| match part {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    };
    !path.as_os_str().is_empty() && path.components().all(is_name)
}

/// A path as git prints it with `-z`.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_work_tree_or_to_git_s_own_files_is_not_within() {
        for path in ["", "/etc/x", "../x", "a/../../x", "..", ".git/config", "a/.GIT/config"] {
            assert!(!is_within(Path::new(path)), "{path}");
        }
        for path in ["a", "a/b c", ".gitignore", ".gitmodules", "a/..b", "...", "git/x"] {
            assert!(is_within(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn modes_object_and_path_are_read() {
        let raw = b":100644 000000 aa 00 D\0a b\n\0:000000 160000 00 bb U\0\xff\0";
        let expected = [
            Change { path: "a b\n".into(), before: 0o100_644, after: ABSENT, object: "aa".into(), is_unmerged: false },
            Change { path: path_of(b"\xff"), before: ABSENT, after: SUBMODULE, object: "00".into(), is_unmerged: true },
        ];
        assert_eq!(parse_changes(raw), expected);
        assert_eq!(parse_changes(b""), []);
    }
}
