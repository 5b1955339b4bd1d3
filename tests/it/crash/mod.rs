//! Deaths and failures at each system call, and what the next start makes of them.

pub(crate) mod alone; // one runner and one copy of a job, whatever survives, stops or steps back
pub(crate) mod faults; // the runner with a file call failing
mod hostile; // jobs that misbehave, and a runner that is killed meanwhile
pub(crate) mod order; // the sequences of writes, flushes and moves
pub(crate) mod random; // a runner killed again and again, at random moments
pub(crate) mod receiver; // the CGI program killed and failed at each system call
mod restarts; // receivers and runner restarted at random while deliveries come
pub(crate) mod run_loop; // the runner's loop, killed and failed where it decides
pub(crate) mod runner; // the runner killed at each system call, and the next one accounts for the job
pub(crate) mod strace; // system calls as values, and a fault at any one of them
