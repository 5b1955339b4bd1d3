//! Edge. What the operating system offers, one small piece a file; knows no other layer.

pub mod boot;
pub mod random;
