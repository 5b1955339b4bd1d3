//! The one integration-test binary: one line per module, saying what belongs there.
