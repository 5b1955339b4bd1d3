//! Edge. The ways in: CGI, FastCGI and HTTP. Knows no rules and no disk; turns what a web server passes into a [`Head`]
//! and a body, and asks one [`Handler`] for the answer, whichever way a request came.
//!
//! [`Head`]: crate::model::Head

pub mod cgi;
pub mod fastcgi;
pub mod http;
mod meta_variables;
mod responder;

pub use meta_variables::head;
pub use responder::{
    Awaited, Begun, Fault, Handler, Limits, Listener, Message, Notice, Params, Response, Upload, stdin_is_listening,
};
