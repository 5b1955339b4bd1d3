//! Pure. The name of a release: `42-1a2b3c4d5e`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Digits of a commit in a name.
const COMMIT_DIGITS: usize = 10;

/// Number and beginning of the commit. They are in order of their making.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseName {
    number: u64,
    commit: String,
}

impl ReleaseName {
    /// The name of release `number` of `commit`, hex.
    pub fn new(number: u64, commit: &str) -> Self {
        Self { number, commit: commit.get(..COMMIT_DIGITS).unwrap_or(commit).to_owned() }
    }

    /// Its number; no other release of the directory has it.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, self.commit)
    }
}

/// Text that is no name of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a release")]
pub struct NotAReleaseName;

impl FromStr for ReleaseName {
    type Err = NotAReleaseName;
    fn from_str(text: &str) -> Result<Self, NotAReleaseName> {
        let (number, commit) = text.split_once('-').ok_or(NotAReleaseName)?;
        let is_plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
        let is_hex = commit.len() == COMMIT_DIGITS && commit.bytes().all(|b| b.is_ascii_hexdigit());
        let number = number.parse().ok().filter(|_| is_plain && is_hex).ok_or(NotAReleaseName)?;
        Ok(Self { number, commit: commit.to_owned() })
    }
}

impl TryFrom<String> for ReleaseName {
    type Error = NotAReleaseName;
    fn try_from(text: String) -> Result<Self, NotAReleaseName> {
        text.parse()
    }
}

impl From<ReleaseName> for String {
    fn from(name: ReleaseName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_is_one() {
        let name = ReleaseName::new(42, "1a2b3c4d5e6f7081");
        assert_eq!(name.to_string(), "42-1a2b3c4d5e");
        assert_eq!(name.to_string().parse(), Ok(name.clone()));
        assert!(ReleaseName::new(9, "ffffffffff") < name, "by number, not by letter");
        for bad in
            ["", "42", "42-", "42-1a2b3c4d5", "42-1a2b3c4d5e6", "42-1a2b3c4d5g", "042-1a2b3c4d5e", "+4-1a2b3c4d5e"]
        {
            assert_eq!(bad.parse::<ReleaseName>(), Err(NotAReleaseName), "{bad}");
        }
        assert_eq!("../1a2b3c4d5e".parse::<ReleaseName>(), Err(NotAReleaseName));
    }
}
