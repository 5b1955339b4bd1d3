//! Pure. A delivery in one shape, whatever forge sent it.

use super::Paths;
use serde::{Deserialize, Serialize};

/// A verified delivery, as the forge means it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The provider's test or ping: answered `200 pong`, never a job.
    Ping,
    /// Something happened in a repository; at least one event. A provider that tells of several refs in one delivery
    /// makes one event, and so one job, for each.
    Events(Vec<Event>),
    /// Authentic, and of a kind that no hook ever wants: why, with advice. Answered `200 ignored`.
    Ignored(String),
}

impl From<Event> for Delivery {
    fn from(event: Event) -> Self {
        Self::Events(vec![event])
    }
}

/// Kind of event. The configuration's `events` names kinds by these words, and by `tag` for the pushes of tags alone
/// ([`EventKind::is_a`]): at most forges a new tag is a push, so that it is no kind of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A branch or tag was created or moved.
    Push,
    /// A branch or tag was deleted.
    Delete,
    /// A pull or merge request was merged.
    Merge,
    /// A release was published.
    Release,
    /// A release that is no pre-release, or no more (GitHub): also a `release`, of which it is the later word.
    Released,
    /// A package or image was published.
    Package,
    /// CI succeeded on a branch's or tag's commit.
    Ci,
    /// Anything else; the provider's own word.
    #[serde(untagged)]
    Other(String),
}

impl EventKind {
    /// The words that `events` may hold. No provider's own word is ever one of them.
    pub const WORDS: [&str; 8] = ["push", "tag", "delete", "merge", "release", "released", "package", "ci"];

    /// The word for configuration, log and job.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Merge => "merge",
            Self::Release => "release",
            Self::Released => "released",
            Self::Package => "package",
            Self::Ci => "ci",
            Self::Other(word) => word,
        }
    }

    /// `true` if `word` of `events` means this kind at `reference`: the kind itself, `tag` for the push of a tag, or
    /// `release` for whatever is released.
    pub fn is_a(&self, word: &str, reference: Option<&RefName>) -> bool {
        let is_tag = || reference.is_some_and(|reference| reference.tag().is_some());
        match word {
            "tag" => *self == Self::Push && is_tag(),
            "release" => matches!(self, Self::Release | Self::Released),
            word => word == self.as_str(),
        }
    }
}

/// A full reference name below `refs/heads/` or `refs/tags/` that is safe to hand to git: it passed the rules of
/// git-check-ref-format(1), and does not begin with `-` in any component's place where git could take an option.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefName(String);

/// Longest accepted reference name in bytes.
const REF_LIMIT_BYTES: usize = 1024;

impl RefName {
    /// Parses a full name such as `refs/heads/main`; `None` for anything that git would refuse or that is not a
    /// branch or tag.
    pub fn parse(full: &str) -> Option<Self> {
        let short = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/tags/"))?;
        (full.len() <= REF_LIMIT_BYTES && is_well_formed(short)).then(|| Self(full.to_owned()))
    }

    /// `refs/heads/<short>`.
    pub fn branch_named(short: &str) -> Option<Self> {
        Self::parse(&format!("refs/heads/{short}"))
    }

    /// `refs/tags/<short>`.
    pub fn tag_named(short: &str) -> Option<Self> {
        Self::parse(&format!("refs/tags/{short}"))
    }

    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Short name if this is a branch.
    pub fn branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }

    /// Short name if this is a tag.
    pub fn tag(&self) -> Option<&str> {
        self.0.strip_prefix("refs/tags/")
    }
}

impl TryFrom<String> for RefName {
    type Error = String;
    fn try_from(full: String) -> Result<Self, String> {
        Self::parse(&full).ok_or_else(|| format!("not a branch or tag name: {full:?}"))
    }
}

impl From<RefName> for String {
    fn from(name: RefName) -> Self {
        name.0
    }
}

/// The rules of git-check-ref-format(1) for what follows `refs/heads/`.
fn is_well_formed(short: &str) -> bool {
    let bad_byte = |b: u8| b <= b' ' || b == 0x7f || b"~^:?*[\\".contains(&b);
    let bad_part = |part: &str| {
        let lock = part.as_bytes().ends_with(b".lock");
        part.is_empty() || part.starts_with('.') || part.ends_with('.') || lock
    };
    !short.bytes().any(bad_byte)
        && !short.contains("..")
        && !short.contains("@{")
        && short != "@"
        && !short.starts_with('-')
        && !short.split('/').any(bad_part)
}

/// Paths that a push changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Added, modified and removed files, in no order, perhaps repeated.
    pub paths: Paths,
    /// `true` if the provider listed all of them. If not, a path filter must let the delivery pass.
    pub complete: bool,
}

/// A delivery in one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The kind.
    pub kind: EventKind,
    /// The branch or tag, when there is one.
    pub reference: Option<RefName>,
    /// Commit before, 40 or 64 lower-case hex digits; `None` when it did not exist.
    pub before: Option<String>,
    /// Commit after, 40 or 64 lower-case hex digits; `None` when it was deleted.
    pub after: Option<String>,
    /// Full name, `owner/name`.
    pub repository: Option<String>,
    /// The repository's default branch, as the delivery names it.
    pub default_branch: Option<String>,
    /// Login name of who caused it.
    pub pusher: Option<String>,
    /// Changed paths; empty and incomplete when the provider sends none.
    pub changes: Changes,
    /// The provider's delivery id, when it sends one.
    pub delivery: Option<String>,
    /// Message of the head commit, at most its first 4 KiB, when the provider sends it.
    pub message: Option<String>,
}

impl Event {
    /// An event of `kind` of which nothing else is known.
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            reference: None,
            before: None,
            after: None,
            repository: None,
            default_branch: None,
            pusher: None,
            changes: Changes::default(),
            delivery: None,
            message: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_means_the_push_of_a_tag_and_nothing_else() {
        let is = |kind: EventKind, name, word| kind.is_a(word, RefName::parse(name).as_ref());
        assert!(is(EventKind::Push, "refs/tags/v1", "tag") && is(EventKind::Push, "refs/tags/v1", "push"));
        assert!(!is(EventKind::Push, "refs/heads/tag", "tag"));
        assert!(!is(EventKind::Delete, "refs/tags/v1", "tag"));
        assert!(!is(EventKind::Release, "refs/tags/v1", "push"));
        assert!(!is(EventKind::Push, "", "tag"));
    }

    #[test]
    fn names_that_git_refuses_are_refused() {
        let long = format!("refs/heads/{}", "a".repeat(1024));
        for bad in [
            "",
            "main",
            "refs/heads/",
            "refs/heads/-f",
            "refs/heads/--upload-pack=x",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/a\nb",
            "refs/heads/a~1",
            "refs/heads/a^",
            "refs/heads/a:b",
            "refs/heads/a?",
            "refs/heads/a*",
            "refs/heads/a[",
            "refs/heads/a\\b",
            "refs/heads/.a",
            "refs/heads/a/.b",
            "refs/heads/a.lock",
            "refs/heads/a.",
            "refs/heads/a//b",
            "refs/heads/a/",
            "refs/heads/@{u}",
            "refs/heads/@",
            "refs/notes/x",
            "refs/heads/a\u{7f}",
            &long,
        ] {
            assert_eq!(RefName::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn names_that_git_allows_are_kept() {
        for good in [
            "refs/heads/main",
            "refs/tags/v1.0",
            "refs/heads/feature/$(id)",
            "refs/heads/ünïcode",
            "refs/heads/a@b",
            "refs/heads/a/-b",
        ] {
            assert_eq!(RefName::parse(good).map(String::from).as_deref(), Some(good));
        }
    }
}
