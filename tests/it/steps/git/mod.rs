//! `git = "update"` against real repositories, with every git that the machine has.

mod matrix; // the same with another version of git
mod people; // files of people in the way of a commit
mod site; // what the tests work with
mod update; // branches, tags, locks, addresses
