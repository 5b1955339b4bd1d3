//! The one integration-test binary: one line per module, saying what belongs there.
mod architecture; // what a file may do, and who may use whom
mod config_load; // a right configuration is loaded as it was meant

mod spool_append; // appends through the public interface, on the real disk
