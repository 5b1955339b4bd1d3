//! Edge. One step back: the tree that was published before takes the place of the one that is.

use super::place::{PublishTarget, inode_of};
use crate::runner::steps::attempt::Trouble;
use std::path::Path;

/// The end of a step back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishedBack {
    /// It was done.
    Done,
    /// It was done before.
    WasDone,
    /// Somebody publishes there just now.
    Busy,
    /// It cannot be done, for this reason.
    Refused(String),
}

/// The inode of the tree that was published at `to` before the one that is there, if it is known.
pub fn tree_before(to: &Path) -> Option<u64> {
    PublishTarget::of(to).ok()?.tree_before()
}

/// `true` if the tree with inode `tree` is what is published at `to`.
pub fn is_published(to: &Path, tree: u64) -> bool {
    inode_of(to) == Some(tree)
}

impl PublishedBack {
    /// Puts the tree with inode `tree` back at `to`. Asked for a second time, it changes nothing.
    pub fn of(to: &Path, tree: u64) -> Self {
        go_back(to, tree).unwrap_or_else(|trouble| Self::Refused(trouble.result.to_string()))
    }
}

fn go_back(to: &Path, tree: u64) -> Result<PublishedBack, Trouble> {
    let place = PublishTarget::of(to)?;
    let Some(_lock) = place.try_lock()? else { return Ok(PublishedBack::Busy) };
    let _stays_the_tree_of_before = place.name_before();
    if is_published(to, tree) {
        place.put_away(tree)?;
        return Ok(PublishedBack::WasDone);
    }
    if place.tree_before() != Some(tree) {
        let text = format!("the tree that was at `{}` before is not there any more", to.display());
        return Err(Trouble::refused(text));
    }
    place.switch_back(tree)?;
    Ok(PublishedBack::Done)
}
