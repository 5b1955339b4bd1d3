//! Edge. What the kernel offers, with types: stop requests, processes and their trees, the user database.

pub mod holders;
pub mod process;
pub mod reap;
pub mod stop;
pub mod table;
pub mod tree;
pub mod users;
pub mod wait;
