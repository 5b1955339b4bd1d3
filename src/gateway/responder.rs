//! Edge. Joins the FastCGI responder, which knows nothing of hookspool, to the application.

use super::fastcgi::{Handler, Params};
use super::{Application, body::Exactly, head};
use std::io::{self, Read, Write};

/// An [`Application`] as a FastCGI handler. The responder drains what the application left of the body.
#[derive(Debug)]
pub struct Responder<A>(pub A);

impl<A: Application> Handler for Responder<A> {
    fn handle(&self, params: &Params, body: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
        let request = head(params.iter());
        let length = request.as_ref().map_or(0, |head| head.content_length);
        let reply = self.0.answer(request, &mut Exactly::new(body, length));
        out.write_all(&reply.to_bytes())
    }
}
