//! Pure. The problems of a configuration, as a person reads them: file, line, caret and hint.

use super::excerpt::Excerpt;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// One problem, with its place. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// The problem.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// The line itself.
    #[serde(skip)]
    pub(super) excerpt: Excerpt,
}

/// Everything that is wrong with one file, in order of its lines; at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file, as it was named.
    pub file: PathBuf,
    /// The problems.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "\n\n" })?;
            write!(f, "{}:", self.file.display())?;
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

impl fmt::Display for Problem {
    /// `line:column: message`, the line, and a caret with the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message, hint, excerpt } = self;
        let gutter = " ".repeat(line.to_string().len());
        let carets = format!("{}{}", " ".repeat(excerpt.caret), "^".repeat(excerpt.caret_width));
        writeln!(f, "{line}:{column}: {message}")?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{}", format!("{line} | {}", excerpt.text).trim_end())?;
        write!(f, "{gutter} | {carets}")?;
        hint.as_ref().map_or(Ok(()), |hint| write!(f, " {hint}"))
    }
}
