//! Messages and commit statuses: the real program against services that stand in for the real ones.

mod crash; // the runner killed on the way from the end of the steps to the last message
mod delivery; // what the runner tells of its jobs, to whom, and in which order
mod secrets; // no URL and no token in a log, an error, the outbox or JSON
mod services; // `tell`, and each service with its failures
