//! Pure. The question of a container's or a proxy's health check.

use crate::gateway::responder::{Begun, Handler, Params};

/// A handler that also answers `GET /healthz`, whoever asks.
pub(super) struct WithHealth<'a>(pub(super) &'a dyn Handler);

const OK: &[u8] = b"Status: 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\nok\n";

impl Handler for WithHealth<'_> {
    fn begin(&self, params: &Params) -> Begun {
        let is_question = matches!(params.get(b"REQUEST_METHOD"), Some(b"GET" | b"HEAD"));
        if is_question && params.get(b"PATH_INFO") == Some(b"/healthz") {
            return Begun::Answered(OK.to_vec());
        }
        self.0.begin(params)
    }
}
