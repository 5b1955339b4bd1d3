//! Pure. Problems while they are being found, each with its place in the text.

use super::excerpt::{Excerpt, position};
use super::report::{Problem, Report};
use std::ops::Range;
use std::path::PathBuf;

/// Most problems that are told; the others come to light when these are solved.
const LIMIT: usize = 1000;

/// Bytes of the text.
pub(super) type Span = Range<usize>;

/// The problems found so far.
pub(super) struct Findings<'t> {
    text: &'t str,
    found: Vec<Located>,
    masked: Vec<Span>,
}

#[derive(PartialEq)]
struct Located {
    span: Span,
    message: String,
    hint: String,
}

impl<'t> Findings<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new(), masked: Vec::new() }
    }

    /// Adds a problem, unless it is known: what stands in `[defaults]` is seen again with each hook. An empty hint
    /// is none.
    pub(super) fn add(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        let finding = Located { span, message: message.into(), hint: hint.into() };
        if self.found.len() < LIMIT && !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }

    /// Keeps what may be the value of a secret out of every excerpt.
    pub(super) fn mask(&mut self, span: Span) {
        self.masked.push(span);
    }

    /// Number of the line that holds byte `at`.
    pub(super) fn line_of(&self, at: usize) -> usize {
        position(self.text, at).0
    }

    /// The report, unless nothing is wrong.
    pub(super) fn into_report(mut self, file: PathBuf) -> Option<Report> {
        self.found.sort_by_key(|finding| finding.span.start);
        let problems: Vec<Problem> = self.found.iter().map(|finding| self.problem(finding)).collect();
        (!problems.is_empty()).then_some(Report { file, problems })
    }

    fn problem(&self, finding: &Located) -> Problem {
        let (line, column) = position(self.text, finding.span.start);
        let hint = (!finding.hint.is_empty()).then(|| finding.hint.clone());
        let excerpt = Excerpt::cut(self.text, &finding.span, &self.masked);
        Problem { line, column, message: finding.message.clone(), hint, excerpt }
    }
}
