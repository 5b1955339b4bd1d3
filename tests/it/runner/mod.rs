//! The runner with real processes.

mod admission; // jobs that no signed delivery could have queued
mod backlog; // many jobs that wait
mod clock; // waits while the clock is set
mod deployed; // what a job is told of what is deployed
mod life; // repeats, retries, interruptions, what runs after a job, a new configuration
mod metrics; // metrics in a file and by a verb, and what Prometheus' own tools say of them
mod queues; // queues side by side, with real processes
pub(crate) mod reconcile; // what no delivery told of
