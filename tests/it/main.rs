//! The one integration-test binary: one line per module, saying what belongs there.

mod spool_append; // appends through the public interface, on the real disk
mod spool_hostile; // entries of queued/ that are no jobs
mod spool_keeper; // claims, histories and settlements, and what people see of them
