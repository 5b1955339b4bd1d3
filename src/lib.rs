#![doc = include_str!("README.md")]

pub mod cli;
pub mod config;
pub mod gateway;
pub mod intake;
pub mod model;
pub mod notify;
pub mod page;
pub mod provider;
#[cfg(feature = "relay")]
pub mod relay;
pub mod runner;
pub mod spool;
pub mod system;
