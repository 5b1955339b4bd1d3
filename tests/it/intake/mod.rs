//! The receiver with deliveries of each provider.

mod log; // the receiver's log lines, and what never gets into them
mod process; // a receiver as a process: signals, descriptors, standard error
mod providers;
mod traces; // what each delivery leaves in `seen/`, whatever became of it // several refs, GET, secrets in other places, secrets that expire
