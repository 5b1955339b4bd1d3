//! Edge. The tree of before: how it comes to its name, and how it comes back.
//!
//! A name that ends in an inode says what is to come there, or be there no more, by an exchange: who comes after one
//! that was cut short sees whether the exchange was done.

use super::copy::trouble;
use super::place::{PublishTarget, Unremoved, inode_of};
use crate::runner::steps::attempt::Trouble;
use rustix::fs::{CWD, RenameFlags, fsync, renameat_with};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

impl PublishTarget {
    pub(super) fn previous(&self) -> PathBuf {
        self.beside("previous")
    }

    fn numbered(&self, end: &str, tree: u64) -> PathBuf {
        self.beside(&format!("{end}{tree:016x}"))
    }

    /// `true` for a tree under the name of its own inode.
    pub(super) fn is_itself(&self, end: &str, path: &Path) -> bool {
        inode_of(path).is_some_and(|tree| path == self.numbered(end, tree))
    }

    /// Names a copy by the inode of the tree that it will be exchanged for.
    pub(super) fn expecting_before(&self, fresh: &Path) -> Result<PathBuf, Trouble> {
        let gone = || Trouble::refused(format!("`{}` is gone", self.target.display()));
        let name = self.numbered("new-", inode_of(&self.target).ok_or_else(gone)?);
        renameat_with(CWD, fresh, CWD, &name, RenameFlags::NOREPLACE)
            .map_err(|errno| trouble("create", &name, &errno.into()))?;
        Ok(name)
    }

    /// Gives the tree at `path`, which was exchanged for a copy, the name of the one of before.
    pub(super) fn keep_before(&self, path: &Path) -> io::Result<PathBuf> {
        self.set_aside(&self.previous())?;
        renameat_with(CWD, path, CWD, self.previous(), RenameFlags::NOREPLACE)?;
        Ok(self.previous())
    }

    /// Makes up for one who died, or failed, between an exchange and the name of the tree of before.
    pub(super) fn name_before(&self) -> Vec<Unremoved> {
        let kept =
            self.themselves("new-").into_iter().map(|path| self.keep_before(&path).map_err(|error| (path, error)));
        kept.filter_map(Result::err).collect()
    }

    /// Trees under the name of their inode, the one that was renamed last at the end.
    fn themselves(&self, end: &str) -> Vec<PathBuf> {
        let mut found = self.ours(end).unwrap_or_default();
        found.retain(|path| self.is_itself(end, path));
        found.sort_by_key(|path| fs::symlink_metadata(path).ok().map(|facts| (facts.ctime(), facts.ctime_nsec())));
        found
    }

    fn before(&self) -> Option<PathBuf> {
        let previous = || Some(self.previous()).filter(|path| inode_of(path).is_some());
        let under_way = || self.themselves("back-").pop();
        self.themselves("new-").pop().or_else(previous).or_else(under_way)
    }

    /// The inode of the tree of before, if there is one.
    pub(super) fn tree_before(&self) -> Option<u64> {
        inode_of(&self.before()?)
    }

    /// Puts the tree of before, whose inode is `tree`, in the target's place, and flushes that.
    pub(super) fn switch_back(&self, tree: u64) -> Result<(), Trouble> {
        if let (Ok(_), Ok(led)) = (fs::read_link(&self.target), fs::read_link(self.previous())) {
            self.put_link(&led, &self.target)?;
            return self.put_away(tree);
        }
        let back = self.numbered("back-", tree);
        if let Some(before) = self.before().filter(|before| *before != back) {
            let named = self.set_aside(&back).and_then(|()| fs::rename(&before, &back));
            named.map_err(|error| trouble("rename", &before, &error))?;
        }
        renameat_with(CWD, &back, CWD, &self.target, RenameFlags::EXCHANGE)
            .map_err(|errno| trouble("replace", &self.target, &errno.into()))?;
        self.put_away(tree)
    }

    /// The tree with this inode is at the target again: nobody shall be led forward to the one that was there. What
    /// cannot be named anew leads nobody, and is for the next publication to remove.
    pub(super) fn put_away(&self, tree: u64) -> Result<(), Trouble> {
        self.flush()?;
        let (previous, back, undone) = (self.previous(), self.numbered("back-", tree), self.beside("undone"));
        if previous.is_symlink() && inode_of(&previous) == Some(tree) {
            let _leads_to_what_is_there = fs::remove_file(&previous);
        }
        if back.exists() {
            let _for_the_next = self.set_aside(&undone).and_then(|()| fs::rename(&back, &undone));
        }
        self.flush()
    }

    /// Flushes the names.
    pub(super) fn flush(&self) -> Result<(), Trouble> {
        fsync(&self.parent).map_err(|errno| trouble("flush", &self.directory, &errno.into()))
    }
}
