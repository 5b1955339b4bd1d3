//! Pure. The paths that a list of commits names, as a stream and within bounds.

use super::any_value::{AnyValue, KeyTo, Scalar, Take};
use super::text::{TEXT_LIMIT_BYTES, start};
use crate::model::{Changes, Paths};
use serde::de::{IgnoredAny, MapAccess, SeqAccess};

/// Most paths that are kept.
const PATHS_LIMIT: usize = 10_000;
/// Longest path (`PATH_MAX` of Linux).
const PATH_LIMIT_BYTES: usize = 4096;
/// Most bytes of paths that are kept.
const PATHS_LIMIT_BYTES: usize = 512 * 1024;

/// The list of commits of a delivery, boiled down.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Commits {
    /// Commits in the list.
    pub(crate) count: u64,
    /// Most paths that one commit names.
    pub(crate) largest: u64,
    paths: Paths,
    keep_paths: bool,
    /// A commit without lists of paths, or more or longer paths than are kept.
    partial: bool,
    /// Some forges list the newest commit first, some last.
    first: Option<CommitMessage>,
    last: Option<CommitMessage>,
}

/// The id of a commit, and the beginning of its message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct CommitMessage {
    id: Option<String>,
    text: Option<String>,
}

impl Commits {
    /// The paths; `all_listed` is whether the provider promises that no commit and no path is missing.
    pub(crate) fn into_changes(self, all_listed: bool) -> Changes {
        Changes { complete: all_listed && self.count > 0 && !self.partial, paths: self.paths }
    }

    /// The message of `commit`, if it is the first or last of the list.
    pub(crate) fn message_of(&self, commit: &str) -> Option<&str> {
        let is_it = |message: &&CommitMessage| message.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(commit));
        [&self.first, &self.last].into_iter().flatten().find(is_it)?.text.as_deref()
    }

    fn add(&mut self, path: &str) {
        if !self.keep_paths {
            return;
        }
        let fits = path.len() <= PATH_LIMIT_BYTES
            && self.paths.len() < PATHS_LIMIT
            && self.paths.length_bytes() + path.len() <= PATHS_LIMIT_BYTES;
        if fits {
            self.paths.push(path);
        } else {
            self.partial = true;
        }
    }
}

/// The list of commits; `None` where something else, such as null, stands in its place.
pub(crate) struct TakeCommits {
    pub(crate) keep_paths: bool,
}

impl<'de> Take<'de> for TakeCommits {
    type Value = Option<Commits>;

    fn other(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut commits = Commits { keep_paths: self.keep_paths, ..Commits::default() };
        while list.next_element_seed(AnyValue(TakeCommit(&mut commits)))?.is_some() {
            commits.count += 1;
        }
        Ok(Some(commits))
    }
}

/// One commit of the list.
struct TakeCommit<'a>(&'a mut Commits);

impl<'de> Take<'de> for TakeCommit<'_> {
    type Value = ();

    fn other(self) {
        self.0.partial = true;
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut named: Option<u64> = None;
        let mut message = CommitMessage::default();
        while let Some(field) = map.next_key_seed(KeyTo(CommitKey::of))? {
            match field {
                CommitKey::Id => message.id = map.next_value_seed(AnyValue(TakeStart))?,
                CommitKey::Message => message.text = map.next_value_seed(AnyValue(TakeStart))?,
                CommitKey::Other => drop(map.next_value::<IgnoredAny>()?),
                CommitKey::Paths => {
                    let count = map.next_value_seed(AnyValue(TakePaths(self.0)))?;
                    named = count.map(|count| named.unwrap_or(0) + count).or(named);
                }
            }
        }
        self.0.partial |= named.is_none();
        self.0.largest = self.0.largest.max(named.unwrap_or(0));
        if self.0.first.is_none() {
            self.0.first = Some(message);
        } else {
            self.0.last = Some(message);
        }
        Ok(())
    }
}

/// A key of a commit.
enum CommitKey {
    Paths,
    Id,
    Message,
    Other,
}

impl CommitKey {
    fn of(key: &str) -> Self {
        match key {
            "added" | "modified" | "removed" => Self::Paths,
            "id" => Self::Id,
            "message" => Self::Message,
            _ => Self::Other,
        }
    }
}

/// The beginning of a text.
struct TakeStart;

impl Take<'_> for TakeStart {
    type Value = Option<String>;

    fn other(self) -> Self::Value {
        None
    }

    fn scalar(self, scalar: Scalar<'_>) -> Self::Value {
        match scalar {
            Scalar::Text(text) => Some(start(text, TEXT_LIMIT_BYTES).to_owned()),
            Scalar::Number(_) | Scalar::Flag(_) => None,
        }
    }
}

/// An object whose keys are paths; they count as those of one commit.
pub(crate) struct TakeKeys {
    pub(crate) keep_paths: bool,
}

impl<'de> Take<'de> for TakeKeys {
    type Value = Option<Commits>;

    fn other(self) -> Self::Value {
        None
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut commits = Commits { count: 1, keep_paths: self.keep_paths, ..Commits::default() };
        while map.next_key_seed(KeyTo(|path: &str| commits.add(path)))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Some(commits))
    }
}

/// `added`, `modified` or `removed` of a commit. Its value: how many paths, if it was a list.
struct TakePaths<'a>(&'a mut Commits);

impl<'de> Take<'de> for TakePaths<'_> {
    type Value = Option<u64>;

    fn other(self) -> Self::Value {
        None
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut count = 0;
        while list.next_element_seed(AnyValue(TakePath(self.0)))?.is_some() {
            count += 1;
        }
        Ok(Some(count))
    }
}

/// One path of such a list.
struct TakePath<'a>(&'a mut Commits);

impl Take<'_> for TakePath<'_> {
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
