//! The one integration-test binary: one line per module, saying what belongs there.
mod config_load; // a right configuration is loaded as it was meant

mod spool_append; // appends through the public interface, on the real disk
