//! Pure. One connection's incoming records as a state machine: bytes in, split anywhere, events out. No input makes
//! it panic, and it never holds more than the parameter limit and one small management record.
//!
//! Records of requests that are not active are skipped (specification §3.3); whatever else breaks the protocol is a
//! `Violation`, after which the connection can only be closed.

#[cfg(test)]
mod tests;

use super::record::{self, HEADER_BYTES, Header, ProtocolStatus, kind};
use super::violation::Violation;
use crate::gateway::responder::{Fault, Message, NotPairs, Params, push_short_pair};

/// Most bytes of a `GET_VALUES` record; the three names that exist take 54.
const VALUES_LIMIT_BYTES: usize = 4096;
const ROLE_RESPONDER: u16 = 1;
const FLAG_KEEP_CONN: u8 = 1;
const TOO_LARGE: &[u8] = b"Status: 431 Request Header Fields Too Large\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nrequest parameters exceed the limit\n";

/// Bounds that the responder around it sets.
#[derive(Debug, Clone, Copy)]
pub struct CodecLimits {
    /// Most bytes of a request's `PARAMS` stream.
    pub params_bytes: usize,
    /// Most parameters of a request.
    pub pairs: usize,
    /// Connections open at once, as `GET_VALUES` is told.
    pub connections: usize,
}

/// The request that a connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveRequest {
    /// `requestId`, never 0.
    pub id: u16,
    /// `FCGI_KEEP_CONN`: the connection outlives the request.
    pub keep: bool,
}

/// The state machine.
#[derive(Debug)]
pub struct FastCgiCodec {
    bounds: CodecLimits,
    position: Position,
    header: [u8; HEADER_BYTES],
    active: Option<(ActiveRequest, RequestProgress)>,
    /// The active request's `PARAMS` stream so far.
    params: Vec<u8>,
    /// Content so far of a record that is judged whole.
    small: Vec<u8>,
}

/// The place in a record of the next byte.
#[derive(Debug, Clone, Copy)]
enum Position {
    Header { have: usize },
    Content { sink: ContentTarget, left: usize, padding: usize },
    Padding { left: usize },
}

/// The destination of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentTarget {
    Skip,
    Begin,
    Params,
    ParamsEnd,
    Stdin,
    StdinEnd,
    Abort,
    Values,
    UnknownManagement,
}

/// Progress of the active request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestProgress {
    Params,
    Stdin,
    Complete,
    Aborted,
}

impl FastCgiCodec {
    /// A codec for a new connection.
    pub fn new(bounds: CodecLimits) -> Self {
        let position = Position::Header { have: 0 };
        Self { bounds, position, header: [0; HEADER_BYTES], active: None, params: Vec::new(), small: Vec::new() }
    }

    /// The request that was begun and not yet ended.
    pub fn request(&self) -> Option<ActiveRequest> {
        self.active.map(|(request, _)| request)
    }

    /// The active request was answered or given up: what still comes for it is skipped.
    pub fn end_request(&mut self) {
        self.active = None;
        self.params = Vec::new();
    }

    /// True if the last byte seen was the last of a record.
    pub fn between_records(&self) -> bool {
        matches!(self.position, Position::Header { have: 0 } | Position::Padding { left: 0 })
    }

    /// Takes input up to the next event; `None` when all of it is taken. A `Stdin` event holds at most `stdin_max`
    /// bytes.
    pub fn next<'a>(&mut self, input: &mut &'a [u8], stdin_max: usize) -> Result<Option<Message<'a>>, Violation> {
        loop {
            match self.position {
                Position::Header { have } => {
                    let part = take(input, HEADER_BYTES - have);
                    self.header[have..have + part.len()].copy_from_slice(part);
                    if have + part.len() < HEADER_BYTES {
                        self.position = Position::Header { have: have + part.len() };
                        return Ok(None);
                    }
                    self.position = self.open_record()?;
                }
                Position::Content { sink, left: 0, padding } => {
                    self.position = Position::Padding { left: padding };
                    if let Some(event) = self.close_record(sink)? {
                        return Ok(Some(event));
                    }
                }
                Position::Content { sink, left, padding } => {
                    let want = if sink == ContentTarget::Stdin { left.min(stdin_max) } else { left };
                    let part = take(input, want);
                    if part.is_empty() {
                        return Ok(None);
                    }
                    self.position = Position::Content { sink, left: left - part.len(), padding };
                    if let Some(event) = self.content(sink, part) {
                        return Ok(Some(event));
                    }
                }
                Position::Padding { left: 0 } => self.position = Position::Header { have: 0 },
                Position::Padding { left } => match take(input, left).len() {
                    0 => return Ok(None),
                    taken => self.position = Position::Padding { left: left - taken },
                },
            }
        }
    }

    /// A header is complete: decides what its content is.
    fn open_record(&mut self) -> Result<Position, Violation> {
        let header = Header::decode(self.header)?;
        let sink = self.sink(header)?;
        if matches!(sink, ContentTarget::Begin | ContentTarget::Values) {
            self.small.clear();
        }
        Ok(Position::Content { sink, left: header.content_bytes.into(), padding: header.padding_bytes.into() })
    }

    fn sink(&self, header: Header) -> Result<ContentTarget, Violation> {
        match (header.request_id, header.kind, header.content_bytes) {
            (0, kind::GET_VALUES, length) if usize::from(length) <= VALUES_LIMIT_BYTES => Ok(ContentTarget::Values),
            (0, kind::GET_VALUES, length) => Err(Violation::Length(kind::GET_VALUES, length)),
            (0, known @ 1..=kind::UNKNOWN_TYPE, _) => Err(Violation::Unexpected(known)),
            (0, _, _) => Ok(ContentTarget::UnknownManagement),
            (_, kind::BEGIN_REQUEST, 8) => Ok(ContentTarget::Begin),
            (_, kind::BEGIN_REQUEST, length) => Err(Violation::Length(kind::BEGIN_REQUEST, length)),
            (_, kind::ABORT_REQUEST | kind::PARAMS | kind::STDIN | DATA, _) => self.stream_sink(header),
            (_, other, _) => Err(Violation::Unexpected(other)),
        }
    }

    /// The sink of a record that belongs to a request, active or not.
    fn stream_sink(&self, header: Header) -> Result<ContentTarget, Violation> {
        let stage = self.active.filter(|(request, _)| request.id == header.request_id).map(|(_, stage)| stage);
        match (stage, header.kind, header.content_bytes) {
            (Some(RequestProgress::Params | RequestProgress::Stdin), kind::ABORT_REQUEST, _) => {
                Ok(ContentTarget::Abort)
            }
            // With a complete body the answer is on its way, and END_REQUEST with it.
            (None | Some(RequestProgress::Aborted), ..) | (Some(RequestProgress::Complete), kind::ABORT_REQUEST, _) => {
                Ok(ContentTarget::Skip)
            }
            (Some(RequestProgress::Params), kind::PARAMS, 0) => Ok(ContentTarget::ParamsEnd),
            (Some(RequestProgress::Params), kind::PARAMS, _) => Ok(ContentTarget::Params),
            (Some(RequestProgress::Stdin), kind::STDIN, 0) => Ok(ContentTarget::StdinEnd),
            (Some(RequestProgress::Stdin), kind::STDIN, _) => Ok(ContentTarget::Stdin),
            (Some(_), other, _) => Err(Violation::Unexpected(other)),
        }
    }

    /// A part of a record's content, never empty.
    fn content<'a>(&mut self, sink: ContentTarget, part: &'a [u8]) -> Option<Message<'a>> {
        match sink {
            // The request ended in the middle of this record: the rest of it is nobody's.
            ContentTarget::Params | ContentTarget::Stdin if self.active.is_none() => {}
            ContentTarget::Stdin => return Some(Message::Body(part)),
            ContentTarget::Params if self.params.len() + part.len() > self.bounds.params_bytes => {
                return Some(self.too_large());
            }
            ContentTarget::Params => self.params.extend(part),
            ContentTarget::Begin | ContentTarget::Values => self.small.extend(part),
            _ => {}
        }
        None
    }

    /// A record's content is complete.
    fn close_record<'a>(&mut self, sink: ContentTarget) -> Result<Option<Message<'a>>, Violation> {
        match sink {
            ContentTarget::Begin => self.begin(),
            ContentTarget::ParamsEnd => self.head(),
            ContentTarget::StdinEnd => Ok(self.enter(RequestProgress::Complete, Message::End)),
            ContentTarget::Abort => Ok(self.enter(RequestProgress::Aborted, Message::Abort)),
            ContentTarget::Values => self.values().map(Some),
            ContentTarget::UnknownManagement => Ok(Some(Message::Send(record::unknown_type(self.header[1])))),
            ContentTarget::Skip | ContentTarget::Params | ContentTarget::Stdin => Ok(None),
        }
    }

    /// The event, and the stage that it leads to; nothing if the request ended while its record was still coming.
    fn enter<'a>(&mut self, next: RequestProgress, event: Message<'a>) -> Option<Message<'a>> {
        let (_, stage) = self.active.as_mut()?;
        *stage = next;
        Some(event)
    }

    /// A complete `BEGIN_REQUEST` (§5.1).
    fn begin<'a>(&mut self) -> Result<Option<Message<'a>>, Violation> {
        let id = u16::from_be_bytes([self.header[2], self.header[3]]);
        let [role1, role0, flags, ..] = self.small[..] else {
            return Err(Violation::Length(kind::BEGIN_REQUEST, 0));
        };
        let keep = flags & FLAG_KEEP_CONN != 0;
        match self.request() {
            Some(active) if active.id == id => return Err(Violation::Unexpected(kind::BEGIN_REQUEST)),
            Some(_) => return Ok(Some(Message::Send(record::end_request(id, ProtocolStatus::CannotMultiplex)))),
            None => {}
        }
        if u16::from_be_bytes([role1, role0]) != ROLE_RESPONDER {
            return Ok(Some(Message::Refuse {
                reply: record::end_request(id, ProtocolStatus::UnknownRole),
                keep,
                why: None,
            }));
        }
        self.active = Some((ActiveRequest { id, keep }, RequestProgress::Params));
        Ok(None)
    }

    /// The end of the `PARAMS` stream.
    fn head<'a>(&mut self) -> Result<Option<Message<'a>>, Violation> {
        match Params::split(std::mem::take(&mut self.params), self.bounds.pairs) {
            Ok(params) => Ok(self.enter(RequestProgress::Stdin, Message::Head(params))),
            Err(NotPairs::TooMany) => Ok(Some(self.too_large())),
            Err(NotPairs::Truncated) => Err(Violation::Pairs),
        }
    }

    fn too_large<'a>(&mut self) -> Message<'a> {
        let id = self.request().map_or(0, |request| request.id);
        self.end_request();
        Message::Refuse {
            reply: record::answer(id, TOO_LARGE),
            keep: false,
            why: Some(Fault("parameters exceed the limit".into())),
        }
    }

    /// A complete `GET_VALUES` (§4.1): the names that we know, answered truthfully; each name once.
    fn values<'a>(&mut self) -> Result<Message<'a>, Violation> {
        let asked = Params::split(std::mem::take(&mut self.small), VALUES_LIMIT_BYTES).map_err(|_| Violation::Pairs)?;
        let connections = self.bounds.connections.to_string();
        let known = [("FCGI_MAX_CONNS", &*connections), ("FCGI_MAX_REQS", &*connections), ("FCGI_MPXS_CONNS", "0")];
        let mut content = Vec::new();
        for (name, value) in known.iter().filter(|(name, _)| asked.get(name.as_bytes()).is_some()) {
            push_short_pair(&mut content, name.as_bytes(), value.as_bytes());
        }
        let mut reply = record::header(kind::GET_VALUES_RESULT, 0, content.len()).to_vec();
        reply.extend(content);
        Ok(Message::Send(reply))
    }
}

/// `DATA` belongs to the filter role; known so that it can be skipped for inactive requests.
const DATA: u8 = 8;

/// Up to `want` bytes from the front of `input`.
fn take<'a>(input: &mut &'a [u8], want: usize) -> &'a [u8] {
    let (part, rest) = input.split_at(want.min(input.len()));
    *input = rest;
    part
}
