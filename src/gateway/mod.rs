//! (being written)

pub mod fastcgi;
