//! Pure. The finding of a look.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// Severity.
    pub(super) level: Level,
    /// The hooks that it is about; empty where it is about all, or none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hooks: Vec<String>,
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

/// Most hooks that one line names.
const NAMED: usize = 8;

impl Finding {
    fn new(level: Level, what: impl Into<String>, why: impl Into<String>, repair: impl Into<String>) -> Self {
        Self { level, hooks: Vec::new(), what: what.into(), why: why.into(), repair: repair.into() }
    }

    /// All is well.
    pub(super) fn ok(what: impl Into<String>) -> Self {
        Self::new(Level::Ok, what, "", "")
    }

    /// The same, about `hook`.
    pub(super) fn of(mut self, hook: &str) -> Self {
        self.hooks.push(hook.to_owned());
        self
    }

    /// The finding in one line, with its hooks.
    pub(super) fn line(&self) -> String {
        let named: Vec<String> = self.hooks.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        match self.hooks.len() {
            0 => self.what.clone(),
            1 => format!("hook {}: {}", named.concat(), self.what),
            count if count <= NAMED => format!("hooks {}: {}", named.join(", "), self.what),
            count => format!("hooks {} and {} more: {}", named.join(", "), count - NAMED, self.what),
        }
    }

    /// `findings` in their order, those that differ in nothing but their hooks as one.
    pub(super) fn merged(findings: Vec<Self>) -> Vec<Self> {
        let mut merged: Vec<Self> = Vec::new();
        for finding in findings {
            let is_same = |other: &&mut Self| {
                (other.level, &other.what, &other.why, &other.repair)
                    == (finding.level, &finding.what, &finding.why, &finding.repair)
            };
            match merged.iter_mut().find(is_same) {
                Some(first) => first.hooks.extend(finding.hooks),
                None => merged.push(finding),
            }
        }
        merged
    }

    /// It may be as it should be.
    pub(super) fn note(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(Level::Note, what, why, "")
    }

    /// The same, with what a person does.
    pub(super) fn repaired_by(self, repair: impl Into<String>) -> Self {
        Self { repair: repair.into(), ..self }
    }

    /// It works, within limits.
    pub(super) fn warning(what: impl Into<String>, why: impl Into<String>, repair: impl Into<String>) -> Self {
        Self::new(Level::Warning, what, why, repair)
    }

    /// It does not work, or is not safe.
    pub(super) fn problem(what: impl Into<String>, why: impl Into<String>, repair: impl Into<String>) -> Self {
        Self::new(Level::Problem, what, why, repair)
    }
}
