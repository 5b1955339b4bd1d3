//! The page for people.

mod busy_day; // an operator's questions, answered from the page alone
mod pictures;
