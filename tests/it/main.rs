//! The one integration-test binary: one line per module, saying what belongs there.

mod spool_append; // appends through the public interface, on the real disk
