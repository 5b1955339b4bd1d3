//! What is said of configuration files.

pub(crate) mod file; // what is said of a configuration file as a whole
pub(crate) mod golden; // a small right configuration, and whole reports on changes to it
mod hook; // what is said of a hook's own settings
pub(crate) mod load; // a right configuration is loaded as it was meant
mod notify; // targets of messages, and commit statuses
mod random; // no text makes the configuration panic
mod relay; // what is said of `[relay]`, `hosts` and `from`
mod releases; // what is said of releases, and what they need not say
mod rules; // what is said of rules, durations and retries
mod secret; // what is said of secrets, and what never is
mod steps; // what is said of steps
