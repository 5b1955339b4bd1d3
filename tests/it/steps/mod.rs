//! Steps without a spool.

mod child; // what a step's process is given, and what it is not
pub(crate) mod git; // `git = "update"` against real repositories
mod list; // order, failure, `always`, `on_failure`, time-outs, stop and cancel
mod output; // what steps print, however much and however late
mod publish; // one tree in the place of another
mod tree; // every process of a job, wherever it went, and how it ends
