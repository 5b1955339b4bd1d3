//! Edge. Dies at each call of each protocol, fails at each, and looks at what a reboot would find.

mod faults;
mod power;
mod promises;
mod scenarios;
