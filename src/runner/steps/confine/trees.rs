//! Edge. Trees that are opened around what is closed in them.

use super::super::attempt::{Attempt, real};
use super::places::KEYS;
use crate::config::ClosedPaths;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Closed paths without links on the way.
pub(super) struct Closed {
    /// Files beside which others of their kind lie.
    files: Vec<PathBuf>,
    trees: Vec<PathBuf>,
}

impl Closed {
    pub(super) fn of(attempt: &Attempt<'_>, account: &Path) -> Self {
        let ClosedPaths { files, trees, others, .. } = real_forms(attempt.closed);
        let keys = KEYS.map(|name| real(&account.join(name)));
        let home = [real(account)].into_iter().filter(|home| !is_of_system(home));
        Self { files, trees: trees.into_iter().chain(others).chain(keys).chain(home).collect() }
    }

    /// The closed paths below `tree`: of a file its whole directory, unless that is `tree` itself.
    fn below<'a>(&'a self, tree: &'a Path) -> impl Iterator<Item = &'a Path> {
        let of_file = move |file: &'a PathBuf| file.parent().filter(|dir| *dir != tree).unwrap_or(file);
        let all = self.files.iter().filter(move |file| file.starts_with(tree)).map(of_file);
        all.chain(self.trees.iter().map(PathBuf::as_path)).filter(move |closed| closed.starts_with(tree))
    }
}

/// Homes of users of the system that are directories of programs.
fn is_of_system(home: &Path) -> bool {
    home.parent().is_none() || ["/usr", "/bin", "/sbin", "/lib"].iter().any(|tree| home.starts_with(tree))
}

/// Each closed path as it is reached without links, beside its own name.
pub(super) fn real_forms(closed: &ClosedPaths) -> ClosedPaths {
    let both = |paths: &[PathBuf]| paths.iter().flat_map(|path| [path.clone(), real_of(path)]).collect();
    ClosedPaths { files: both(&closed.files), trees: both(&closed.trees), others: both(&closed.others), ..*closed }
}

/// A file that is not there now may be there in a moment.
fn real_of(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Err(_), Some(parent), Some(name)) => real(parent).join(name),
        (found, ..) => found.unwrap_or_else(|_| path.to_owned()),
    }
}

/// Adds `tree`, or the entries of it that hold nothing closed.
pub(super) fn open_around(tree: &Path, closed: &Closed, opened: &mut Vec<PathBuf>) -> io::Result<()> {
    let below: Vec<&Path> = closed.below(tree).filter(|closed| *closed != tree).collect();
    around(tree, &below, opened)
}

fn around(tree: &Path, closed: &[&Path], opened: &mut Vec<PathBuf>) -> io::Result<()> {
    if !closed.iter().any(|closed| closed.starts_with(tree)) {
        opened.push(tree.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(tree)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_symlink() && !closed.contains(&path.as_path()) {
            around(&path, closed, opened)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_tree_is_opened_around_what_is_closed_and_through_no_link() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        for dir in ["opt/tool/bin", "opt/spool/log", "opt/sites/other", "opt/sites/own", "etc/hs/secrets"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        for file in ["etc/passwd", "etc/hs/hs.toml", "etc/hs/secrets/new", "etc/hs/secrets/old"] {
            fs::write(at(file), "").unwrap();
        }
        symlink("hs/secrets", at("etc/link")).unwrap();
        let closed = Closed {
            files: vec![at("etc/hs/hs.toml"), at("etc/hs/secrets/new")],
            trees: vec![at("opt/spool"), at("opt/sites/other")],
        };
        let opened = |tree: &str| {
            let mut opened = Vec::new();
            open_around(&at(tree), &closed, &mut opened).unwrap();
            opened.sort();
            opened
        };
        assert_eq!(opened("etc"), [at("etc/passwd")]);
        assert_eq!(opened("opt"), [at("opt/sites/own"), at("opt/tool")]);
        assert_eq!(opened("opt/tool"), [at("opt/tool")]);
        assert_eq!(opened("etc/hs/secrets"), [at("etc/hs/secrets/old")], "named by itself");
    }

    #[test]
    fn what_a_link_leads_to_is_closed_too() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        fs::create_dir_all(at("opt/secrets")).unwrap();
        fs::write(at("opt/secrets/x"), "").unwrap();
        symlink(at("opt/secrets"), at("secrets")).unwrap();
        let closed = ClosedPaths { files: vec![at("secrets/x"), at("secrets/absent")], ..ClosedPaths::default() };
        let forms = real_forms(&closed).files;
        assert!(forms.contains(&at("opt/secrets/x")) && forms.contains(&at("opt/secrets/absent")), "{forms:?}");
    }
}
