//! The one integration-test binary: one line per module, saying what belongs there.

mod architecture; // what a file may do, and who may use whom
mod config_file; // what is said of a configuration file as a whole
mod config_golden; // a small right configuration, and whole reports on changes to it
mod config_hook; // what is said of a hook's own settings
mod config_load; // a right configuration is loaded as it was meant
mod config_random; // no text makes the configuration panic
mod config_rules; // what is said of rules, durations and retries
mod config_secret; // what is said of secrets, and what never is
mod config_steps; // what is said of steps
mod crash_home; // a spool, deliveries by CGI and a runner whose steps leave marks
mod crash_receiver; // the CGI program killed and failed at each system call
mod crash_strace; // system calls as values, and a fault at any one of them
mod spool_append; // appends through the public interface, on the real disk
mod steps_bench; // a job without a spool: plan, facts, log, and what became of them
mod steps_child; // what a step's process is given, and what it is not
mod steps_git; // `git = "update"` against real repositories
mod steps_list; // order, failure, `always`, `on_failure`, time-outs, stop and cancel
mod steps_output; // what steps print, however much and however late
mod steps_tree; // every process of a job, wherever it went, and how it ends
mod vectors; // deliveries of all providers: published answers, sample payloads, memory
