//! Pure. An authentic delivery that cannot be understood.

use std::borrow::Cow;

/// The reason that a verified delivery says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The sender's fault: for a 400.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The body that was stored cannot be read again: for a 503.
    #[error("cannot read the body again: {0}")]
    Io(String),
}

/// An authentic delivery that cannot be understood: for a 400. Its text holds nothing of the delivery's values, so
/// that both the sender and the log may see it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed delivery: {0}")]
pub struct Malformed(Cow<'static, str>);

impl Malformed {
    pub(crate) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

impl From<serde_json::Error> for Malformed {
    fn from(error: serde_json::Error) -> Self {
        Self::new(format!("the document is not usable JSON: {error}"))
    }
}

/// The reason that a delivery, or one part of it, tells of nothing that could run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoEvent {
    /// It cannot be understood.
    Malformed(Malformed),
    /// It is genuine and understood, and of no use: why.
    Ignored(String),
}

impl<E: Into<Malformed>> From<E> for NoEvent {
    fn from(error: E) -> Self {
        Self::Malformed(error.into())
    }
}
