//! The spool through its public interface.

pub(crate) mod append; // appends through the public interface, on the real disk
pub(crate) mod calls; // the very system calls of each protocol, and each of them failing
pub(crate) mod driver; // a process that does what a test's script says
mod faults; // full, read-only and closed disks; two users and one spool
mod hostile; // entries of queued/ that are no jobs
mod in_place; // spools that are moved or replaced beneath a process
mod journal_model; // every state that the protocol of the runner's journal can come to
pub(crate) mod owner; // claims, histories and settlements, and what people see of them
mod unreadable; // one job or history that cannot be read
