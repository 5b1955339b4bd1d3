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
mod e2e_gateways; // a signed delivery through every web server, to a deployed file
mod e2e_operator_files; // deploy/: each file loaded by the program that it is for
mod e2e_transcripts; // what a sender is told, the same through every web server
mod spool_append; // appends through the public interface, on the real disk
mod support; // real web servers, each under a root of its own
mod vectors; // deliveries of all providers: published answers, sample payloads, memory
