//! Edge. The operating system with types: what std does not offer. Knows nothing of hookspool.

#[cfg(any(test, target_env = "musl"))]
pub mod allocator;
pub mod authorities;
pub mod bell;
pub mod boot;
pub mod bounded;
pub mod enclosure;
pub mod errno;
mod exit_watch;
pub mod file_limit;
pub mod groups;
pub mod holders;
pub mod identity;
pub mod inherited;
pub mod kernel;
pub mod landlock;
pub mod locks;
pub mod outlet;
mod powers;
pub mod process;
pub mod random;
pub mod reap;
pub mod refused_calls;
pub mod rename;
pub mod replaceable;
pub mod room;
pub mod seccomp;
pub mod stop;
pub mod stoppable;
pub mod table;
pub mod terminal;
pub mod tree;
pub mod users;
pub mod wait;
pub mod watch;
