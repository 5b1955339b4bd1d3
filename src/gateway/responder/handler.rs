//! Pure. The program around a responder, as that sees it: begin a request, take its body piece by piece, answer it.

use super::params::Params;
use std::io;

/// A CGI response (RFC 3875 §6), whole. Without a byte in it the connection is closed, which a web server answers with
/// an error of its own.
pub type Response = Vec<u8>;

/// Answers requests, from several threads at once. A panic is answered 500.
pub trait Handler: Sync {
    /// Begins a request whose parameters are complete. What needs no body is answered at once.
    fn begin(&self, params: &Params) -> Begun;
}

/// A request that has begun.
pub enum Begun {
    /// Its answer; the body, if there is one, is dropped.
    Answered(Response),
    /// The taker of its body.
    Upload(Box<dyn Upload>),
}

/// The body of one request, on its way. Calls come one after the other, though from changing threads, and none of
/// them waits for the sender.
pub trait Upload: Send {
    /// Bytes that are still wanted. With none left the request is ended, whatever the peer sends beyond.
    fn wanted_bytes(&self) -> u64;

    /// Takes the next piece, which is no longer than wanted. An answer ends the request before its time.
    fn take(&mut self, piece: &[u8]) -> Option<Response>;

    /// The answer, once all wanted bytes were taken, or the body is at its end before. An error is what ended it
    /// otherwise: `UnexpectedEof`, `ConnectionAborted`, `TimedOut`, `InvalidData`, or `ResourceBusy` where others need
    /// the room.
    fn end(self: Box<Self>, body: io::Result<()>) -> Response;
}

impl<F: Fn(&Params) -> Begun + Sync> Handler for F {
    fn begin(&self, params: &Params) -> Begun {
        self(params)
    }
}
