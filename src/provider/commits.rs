//! Pure. The paths that a list of commits names, as a stream and within bounds.

use super::lenient::{Key, Lenient, Pick, Scalar};
use crate::model::Changes;
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

/// Most paths that are kept.
const PATHS_LIMIT: usize = 10_000;
/// Longest path (`PATH_MAX` of Linux).
const PATH_LIMIT_BYTES: usize = 4096;
/// Most bytes of paths that are kept.
const PATHS_LIMIT_BYTES: usize = 512 * 1024;

/// What a delivery's list of commits says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Commits {
    /// Commits in the list.
    pub(super) count: u64,
    /// Most paths that one commit names.
    pub(super) largest: u64,
    paths: Vec<String>,
    paths_bytes: usize,
    /// A commit without lists of paths, or more or longer paths than are kept.
    partial: bool,
}

impl Commits {
    /// The paths; `all_listed` is whether the provider promises that no commit and no path is missing.
    pub(super) fn into_changes(self, all_listed: bool) -> Changes {
        Changes { complete: all_listed && self.count > 0 && !self.partial, paths: self.paths }
    }

    fn add(&mut self, path: &str) {
        let fits = path.len() <= PATH_LIMIT_BYTES
            && self.paths.len() < PATHS_LIMIT
            && self.paths_bytes + path.len() <= PATHS_LIMIT_BYTES;
        if fits {
            self.paths_bytes += path.len();
            self.paths.push(path.to_owned());
        } else {
            self.partial = true;
        }
    }
}

/// The list of commits; `None` where something else, such as null, stands in its place.
pub(super) struct PickCommits;

impl<'de> Pick<'de> for PickCommits {
    type Value = Option<Commits>;

    fn other(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut commits = Commits::default();
        while list.next_element_seed(Lenient(PickCommit(&mut commits)))?.is_some() {
            commits.count += 1;
        }
        Ok(Some(commits))
    }
}

/// One commit of the list.
struct PickCommit<'a>(&'a mut Commits);

impl<'de> Pick<'de> for PickCommit<'_> {
    type Value = ();

    fn other(self) {
        self.0.partial = true;
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut named: Option<u64> = None;
        let lists_paths = |key: &str| matches!(key, "added" | "modified" | "removed");
        while let Some(is_list) = map.next_key_seed(Key(lists_paths))? {
            if !is_list {
                map.next_value::<IgnoredAny>()?;
            } else if let Some(count) = map.next_value_seed(Lenient(PickPaths(self.0)))? {
                named = Some(named.unwrap_or(0) + count);
            }
        }
        self.0.partial |= named.is_none();
        self.0.largest = self.0.largest.max(named.unwrap_or(0));
        Ok(())
    }
}

/// `added`, `modified` or `removed` of a commit. Its value: how many paths, if it was a list.
struct PickPaths<'a>(&'a mut Commits);

impl<'de> Pick<'de> for PickPaths<'_> {
    type Value = Option<u64>;

    fn other(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut count = 0;
        while list.next_element_seed(Lenient(PickPath(self.0)))?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }
}

/// One path of such a list.
struct PickPath<'a>(&'a mut Commits);

impl Pick<'_> for PickPath<'_> {
    type Value = ();

    fn other(self) {
        self.0.partial = true;
    }

    fn scalar(self, scalar: Scalar<'_>) {
        match scalar {
            Scalar::Text(path) => self.0.add(path),
            Scalar::Number(_) | Scalar::Flag(_) => self.other(),
        }
    }
}
