//! Edge. (being built)

/// What became of a tree that was to end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Processes that are gone.
    pub ended: usize,
    /// Processes that could not be ended: another user's, or stuck in the kernel.
    pub left: usize,
}
