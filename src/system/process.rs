//! Edge. (being built)
