//! Pure. The owner of a file or process.

/// A user and a group, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) user: String,
    pub(super) group: String,
}

impl Owner {
    pub(super) fn new(user: &str, group: &str) -> Self {
        Self { user: user.to_owned(), group: group.to_owned() }
    }
}
