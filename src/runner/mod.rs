//! Edge. The back half: claim → steps → outcome → settle, one job at a time, in order of sequence.

mod attempt;
mod backlog;
pub mod care;
mod drain;
pub mod log;
pub mod orders;
mod payload;
pub mod steps;
mod verdict;

pub use drain::{Ended, drain};
pub use verdict::{Verdict, judge};
