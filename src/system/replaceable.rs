//! Edge. Users who could put another file in the place of one: by its owner, and by every directory and link on the way
//! to it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// Links that are followed (`ELOOP` comes at 40).
const LINKS: usize = 40;
const OTHERS_MAY_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// A weak place on the way to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Weakness {
    /// Anybody may write to this directory or file.
    Open(PathBuf),
    /// This belongs to a user who is not trusted.
    Foreign(PathBuf, u32),
}

/// The first weakness on the way to `path`, where root and the users `trusted` are above suspicion. What cannot be
/// looked at is none: reading will say why.
pub fn weakness(path: &Path, trusted: &[u32]) -> Option<Weakness> {
    let mut ahead = parts(&std::path::absolute(path).ok()?);
    let (mut at, mut links) = (PathBuf::from("/"), 0);
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            at.pop();
            continue;
        }
        let directory = fs::metadata(&at).ok()?;
        let entry_path = at.join(&name);
        let entry = fs::symlink_metadata(&entry_path).ok()?;
        if let Some(found) = of_entry(&at, &directory, &entry_path, &entry, trusted) {
            return Some(found);
        }
        if !entry.is_symlink() {
            at = entry_path;
            continue;
        }
        links += 1;
        let target = fs::read_link(&entry_path).ok().filter(|_| links <= LINKS)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        parts(&target).into_iter().rev().for_each(|part| ahead.push_front(part));
    }
    None
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    named.map(|part| part.as_os_str().to_owned()).collect()
}

/// Whoever may write to a directory replaces what is in it, unless it is sticky; the owner of what is in it always may.
fn of_entry(
    directory_path: &Path,
    directory: &Metadata,
    path: &Path,
    entry: &Metadata,
    trusted: &[u32],
) -> Option<Weakness> {
    let is_shared = directory.mode() & OTHERS_MAY_WRITE != 0;
    if is_shared && directory.mode() & STICKY == 0 {
        return Some(Weakness::Open(directory_path.to_owned()));
    }
    let is_foreign = entry.uid() != 0 && !trusted.contains(&entry.uid());
    if is_foreign && (is_shared || !entry.is_symlink()) {
        return Some(Weakness::Foreign(path.to_owned(), entry.uid()));
    }
    let is_open_file = entry.is_file() && entry.mode() & OTHERS_MAY_WRITE != 0;
    is_open_file.then(|| Weakness::Open(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn an_open_directory_an_open_file_and_a_link_through_them_are_weak() {
        let me = rustix::process::geteuid().as_raw();
        let home = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(home.path()).unwrap();
        let [directory, link] = ["directory", "link"].map(|name| root.join(name));
        let file = directory.join("file");
        fs::create_dir(&directory).unwrap();
        fs::write(&file, "").unwrap();
        symlink("directory/../directory/file", &link).unwrap();
        for path in [&file, &link] {
            assert_eq!(weakness(path, &[me]), None);
        }
        chmod(&directory, 0o777);
        for path in [&file, &link] {
            assert_eq!(weakness(path, &[me]), Some(Weakness::Open(directory.clone())));
        }
        chmod(&directory, 0o1777);
        assert_eq!(weakness(&file, &[me]), None, "sticky");
        chmod(&file, 0o666);
        assert_eq!(weakness(&link, &[me]), Some(Weakness::Open(file.clone())));
        assert_eq!(weakness(&root.join("absent"), &[me]), None);
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(weakness(&root.join("loop"), &[me]), None);
    }

    #[test]
    fn what_belongs_to_a_stranger_is_weak() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(home.path()).unwrap();
        std::os::unix::fs::chown(&root, Some(65_534), None).unwrap();
        assert_eq!(weakness(&root.join("."), &[]), Some(Weakness::Foreign(root.clone(), 65_534)));
        assert_eq!(weakness(&root, &[65_534]), None);
    }
}
