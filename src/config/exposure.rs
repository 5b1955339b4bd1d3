//! Edge. Exposure of a file that a web server could hand out as it is.

use std::fs;
use std::path::{Path, PathBuf};

/// `true` if `path` is `document_root` or lies below it, after symbolic links. A missing path is judged by the
/// part that does.
pub fn is_below(path: &Path, document_root: &Path) -> bool {
    let root = real(document_root);
    !document_root.as_os_str().is_empty() && (path.starts_with(document_root) || real(path).starts_with(root))
}

/// The real path of as much of `path` as exists, and the rest as it is.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|part| Some((part, fs::canonicalize(part).ok()?)));
    match existing {
        Some((part, real)) => path.strip_prefix(part).map_or(path.clone(), |rest| real.join(rest)),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_does_not_hide_what_is_below_the_document_root() {
        let directory = tempfile::tempdir().unwrap();
        let [root, outside, link] = ["www", "outside", "link"].map(|name| directory.path().join(name));
        fs::create_dir_all(root.join("spool")).unwrap();
        fs::create_dir(&outside).unwrap();
        symlink(&root, &link).unwrap();
        symlink(&outside, root.join("out")).unwrap();

        assert!(is_below(&root, &root) && is_below(&root.join("spool"), &root));
        assert!(is_below(&link.join("spool"), &root) && is_below(&root.join("spool"), &link));
        assert!(is_below(&link.join("absent/deeper.toml"), &root));
        assert!(is_below(&root.join("out"), &root), "served by its name below the root");
        assert!(!is_below(&outside, &root) && !is_below(&directory.path().join("www2"), &root));
        assert!(!is_below(&outside, Path::new("")));
    }
}
