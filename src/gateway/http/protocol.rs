//! Edge. HTTP as the responder speaks it: a malformed head is answered, and answers have the time of day.

use super::codec::{HeadLimits, HttpCodec};
use super::malformed::MalformedRequest;
use super::reply;
use super::trust::Trust;
use crate::gateway::responder::{self, Fault, Limits, Message, Protocol};
use jiff::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;

/// The protocol.
pub(super) struct Http {
    trust: Arc<Trust>,
}

impl Http {
    /// Behind proxies that are trusted.
    pub(super) fn new(trust: Trust) -> Self {
        Self { trust: Arc::new(trust) }
    }
}

impl Protocol for Http {
    fn codec(&self, peer: Option<IpAddr>, limits: &Limits) -> Result<Box<dyn responder::Codec>, Fault> {
        let limits = HeadLimits { bytes: limits.params_bytes, fields: limits.pairs };
        Ok(Box::new(HttpCodec::new(Arc::clone(&self.trust), peer, limits)))
    }
}

impl responder::Codec for HttpCodec {
    fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, Fault> {
        let is_in_head = self.is_in_head();
        self.next(input).or_else(|malformed| {
            let fault = self.fault(malformed);
            self.end();
            if !is_in_head {
                return Err(fault);
            }
            Ok(Some(Message::Refuse { reply: refusal(malformed), keep: false, why: Some(fault) }))
        })
    }

    /// The time for a head is the time from the first byte, whatever that is.
    fn is_idle(&self) -> bool {
        false
    }

    /// A client may have sent more than its request, and would lose the answer if that were not read (RFC 9112 §9.6).
    fn is_over(&self) -> bool {
        false
    }

    fn keeps_connection(&self) -> bool {
        false
    }

    fn awaits_invitation(&self) -> bool {
        self.awaits_invitation()
    }

    fn invite(&mut self) -> &'static [u8] {
        self.invite();
        b"HTTP/1.1 100 Continue\r\n\r\n"
    }

    fn push_answer(&self, bytes: &mut Vec<u8>, answer: &[u8]) {
        reply::push(bytes, answer, self.omits_body(), Timestamp::now());
    }

    fn end_request(&mut self) {
        self.end();
    }
}

impl HttpCodec {
    fn fault(&self, malformed: MalformedRequest) -> Fault {
        Fault(self.peer().map_or_else(|| malformed.to_string(), |peer| format!("{malformed}, from {peer}")))
    }
}

/// The answer to a request that no handler sees.
fn refusal(malformed: MalformedRequest) -> Vec<u8> {
    let (status, told) = malformed.told();
    let answer = format!(
        "Status: {status}\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\r\n{told}\n"
    );
    let mut reply = Vec::new();
    reply::push(&mut reply, answer.as_bytes(), false, Timestamp::now());
    reply
}
