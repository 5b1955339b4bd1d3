//! Usual failures, each made for real, with the cause and the remedy that a person is told. Those of time-outs, killed
//! programs, secrets and repeats are in `control/causes.rs`, those of files in the way and of git's remotes in
//! `steps/git/`, those of signatures and bodies in `intake/` and `cli/explain.rs`.

mod deliveries; // what never becomes a job
mod git; // remotes and repositories
mod machine; // users, disks, sockets
mod runs; // jobs and runners
