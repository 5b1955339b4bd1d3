//! The one integration-test binary: one line per module, saying what belongs there.

mod steps_bench; // a job without a spool: plan, facts, log, and what became of them
mod steps_child; // what a step's process is given, and what it is not
mod steps_git; // `git = "update"` against real repositories
mod steps_list; // order, failure, `always`, `on_failure`, time-outs, stop and cancel
mod steps_output; // what steps print, however much and however late
mod steps_tree; // every process of a job, wherever it went, and how it ends
