//! Pure. A list of globs, as they were typed and compiled. `*` and `?` stop at `/`, and `**` does not.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use std::fmt;

/// Most globs that a message names.
const NAMED: usize = 8;

/// Globs of one setting.
#[derive(Debug, Clone)]
pub struct Globs {
    typed: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// The list of `globs`.
    pub fn new(globs: &[Glob]) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            set.add(glob.clone());
        }
        Ok(Self { typed: globs.iter().map(|glob| glob.glob().to_owned()).collect(), set: set.build()? })
    }

    /// True if one of them fits.
    pub fn is_match(&self, text: impl AsRef<str>) -> bool {
        self.set.is_match(text.as_ref())
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.typed.is_empty()
    }

    /// A text that one of them fits, where one can be told from it.
    pub fn example(&self) -> Option<String> {
        let plain = |glob: &String| glob.replace("**", "x").replace(['*', '?'], "x");
        self.typed.iter().map(plain).find(|text| self.set.is_match(text))
    }

    /// The reason why `text` fits none, for people.
    pub fn misfit(&self, text: &str) -> String {
        let across = |glob: &String| {
            let glob = GlobBuilder::new(glob).literal_separator(false).build();
            glob.is_ok_and(|glob| glob.compile_matcher().is_match(text))
        };
        let slash = if self.typed.iter().any(across) { "; `*` stops at `/`, and `**` does not" } else { "" };
        format!("{self}{slash}")
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<String> = self.typed.iter().take(NAMED).map(|glob| format!("`{glob}`")).collect();
        let more = if self.typed.len() > NAMED { ", …" } else { "" };
        write!(f, "{}{more}", named.join(", "))
    }
}
