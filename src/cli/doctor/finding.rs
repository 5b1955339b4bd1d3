//! Pure. What a look found.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Severity.
    pub(super) level: Level,
    /// Description of the finding.
    pub(super) what: String,
    /// Consequence; empty for `ok`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) why: String,
    /// The command that repairs it, or what a person does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) repair: String,
}

/// Severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It may be as it should be; only whoever wrote the configuration knows.
    Note,
    /// It works, within limits.
    Warning,
    /// It does not work, or is not safe.
    Problem,
}

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "PROBLEM",
        }
    }
}

impl Finding {
    /// All is well.
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self { level: Level::Ok, what: what.into(), why: String::new(), repair: String::new() }
    }

    /// It may be as it should be.
    pub(super) fn note(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { level: Level::Note, what: what.into(), why: why.into(), repair: String::new() }
    }

    /// It works, within limits.
    pub(super) fn warning(what: impl Into<String>, why: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { level: Level::Warning, what: what.into(), why: why.into(), repair: repair.into() }
    }

    /// It does not work, or is not safe.
    pub(super) fn problem(what: impl Into<String>, why: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { level: Level::Problem, what: what.into(), why: why.into(), repair: repair.into() }
    }
}
