//! `git = "update"` against real repositories, with every git that the machine has.

mod forge; // servers that a test starts
mod matrix; // the same with another version of git
mod people; // files of people in the way of a commit
mod place; // where a work tree comes from, what is left of fetches, what goes backwards
mod random; // random histories
mod remote; // remotes that fail, and how
mod site; // what the tests work with
mod tree; // submodules, Git LFS and other filters
mod update; // branches, tags, locks, addresses
