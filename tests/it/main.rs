//! The one integration-test binary: one line per module, saying what belongs there.

mod spool_append; // appends through the public interface, on the real disk
mod spool_calls; // the very system calls of each protocol, and each of them failing
mod spool_driver; // a process that does what a test's script says
mod spool_faults; // full, read-only and closed disks; two users and one spool
mod spool_hostile; // entries of queued/ that are no jobs
mod spool_keeper; // claims, histories and settlements, and what people see of them
