//! Pure. The parts of the benchmark, shared by its executables.

pub mod append;
pub mod backlog;
pub mod contender;
pub mod delivery;
pub mod http;
pub mod load;
pub mod machine;
pub mod memory;
pub mod nginx;
pub mod process;
pub mod procfs;
pub mod profile;
pub mod queue;
pub mod reaction;
pub mod report;
pub mod room;
pub mod round;
pub mod stats;
pub mod unflushed;
