//! Edge. The back half: claim → steps → outcome → settle, one job at a time, in order of sequence.

mod attempt;
mod backlog;
mod drain;
pub mod log;
mod payload;
pub mod steps;
mod verdict;

pub use drain::{Ended, drain};
pub use verdict::{Verdict, judge};
