//! `git = "update"` against real repositories, with every git that the machine has.

mod authors; // people who push, and people who leave files, at random
mod confined; // work directories that confined steps write to
mod cut_short; // what a killed git leaves, and the next one makes of it
pub(crate) mod forge; // servers that a test starts
mod histories; // random histories of the real runner, its connections cut and its processes killed
mod identity; // a key for each hook, and how much of a history is fetched
mod kills; // moments at which processes are killed
mod matrix; // the same with another version of git
mod people; // files of people in the way of a commit
mod place; // where a work tree comes from, what is left of fetches, what goes backwards
mod proxy; // a way to a server that breaks
mod random; // random histories of one step, cut short by its time
mod remote; // remotes that fail, and how
mod site; // what the tests work with
mod tree; // submodules, Git LFS and other filters
mod update; // branches, tags, locks, addresses
