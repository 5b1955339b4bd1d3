//! Edge. `FastCGI` as the responder speaks it, and the peers that the environment names.

use super::codec::{CodecLimits, FastCgiCodec};
use super::record::{self, ProtocolStatus};
use crate::gateway::responder::{self, Fault, Limits, Message, Protocol};
use std::ffi::OsStr;
use std::net::IpAddr;

/// The protocol.
pub(super) struct Fastcgi {
    /// Peers that may connect by TCP; `None`: all.
    allowed: Option<Vec<IpAddr>>,
}

impl Fastcgi {
    /// For the peers that `FCGI_WEB_SERVER_ADDRS` names.
    pub(super) fn from_environment() -> Self {
        Self { allowed: std::env::var_os("FCGI_WEB_SERVER_ADDRS").as_deref().and_then(allowed_peers) }
    }
}

impl Protocol for Fastcgi {
    fn codec(&self, peer: Option<IpAddr>, limits: &Limits) -> Result<Box<dyn responder::Codec>, Fault> {
        if let (Some(allowed), Some(peer)) = (&self.allowed, peer)
            && !allowed.contains(&peer)
        {
            return Err(Fault(format!("{peer} is not in `FCGI_WEB_SERVER_ADDRS`")));
        }
        let &Limits { params_bytes, pairs, connections, .. } = limits;
        Ok(Box::new(FastCgiCodec::new(CodecLimits { params_bytes, pairs, connections })))
    }
}

impl responder::Codec for FastCgiCodec {
    fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Message<'a>>, Fault> {
        self.next(input, usize::MAX).map_err(|violation| Fault(violation.to_string()))
    }

    fn is_idle(&self) -> bool {
        self.request().is_none() && self.between_records()
    }

    fn is_over(&self) -> bool {
        self.between_records()
    }

    fn keeps_connection(&self) -> bool {
        self.request().is_some_and(|request| request.keep)
    }

    fn push_answer(&self, bytes: &mut Vec<u8>, answer: &[u8]) {
        match self.request() {
            None => {}
            Some(request) if answer.is_empty() => {
                bytes.extend(record::end_request(request.id, ProtocolStatus::Complete));
            }
            Some(request) => record::push_answer(bytes, request.id, answer),
        }
    }

    fn end_request(&mut self) {
        self.end_request();
    }
}

/// The peers named by `FCGI_WEB_SERVER_ADDRS` (specification §3.2); `None`, all of them, if it is blank. What is no
/// address names nobody.
fn allowed_peers(list: &OsStr) -> Option<Vec<IpAddr>> {
    let list = list.to_string_lossy();
    let named = |name: &str| name.trim().parse().ok().map(|address: IpAddr| address.to_canonical());
    (!list.trim().is_empty()).then(|| list.split(',').filter_map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_peers_are_parsed_and_nonsense_allows_nobody() {
        let parse = |text: &str| allowed_peers(OsStr::new(text));
        assert_eq!(parse(" "), None);
        assert_eq!(parse("127.0.0.1, ::ffff:10.0.0.1"), Some(vec![[127, 0, 0, 1].into(), [10, 0, 0, 1].into()]));
        assert_eq!(parse("localhost"), Some(vec![]));
    }
}
