//! Edge. The ways in: CGI and FastCGI. Knows no rules and no disk; turns what a web server passes into a [`Head`] and
//! a body, and asks one [`fastcgi::Handler`] for the answer, whichever way a request came.
//!
//! [`Head`]: crate::model::Head

pub mod cgi;
pub mod fastcgi;
mod meta_variables;

pub use meta_variables::head;
