//! Edge. The back half: what happens to a job after it was claimed.

pub mod log;
pub mod steps;
