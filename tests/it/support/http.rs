//! Edge. A small HTTP/1.1 client on a bare socket: it says exactly the bytes that a test wants, and can die.

use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for a reply.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a body is framed (RFC 9112 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body at all.
    None,
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    /// Method, path and query, as sent.
    pub(crate) line: String,
    /// Header fields in order.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// How the body is framed.
    pub(crate) framing: Framing,
}

impl Request {
    /// A request without headers of its own.
    pub(crate) fn new(method: &str, target: &str, framing: Framing, body: &[u8]) -> Self {
        Self { line: format!("{method} {target}"), headers: Vec::new(), body: body.to_vec(), framing }
    }

    /// Adds a header field.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Takes a header field away.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    /// The bytes before the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head =
            format!("{} HTTP/1.1\r\nHost: hooks.example.org\r\nConnection: close\r\n", self.line).into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        match self.framing {
            Framing::None => {}
            Framing::Length => head.extend(format!("Content-Length: {}\r\n", self.body.len()).bytes()),
            Framing::Chunked => head.extend(b"Transfer-Encoding: chunked\r\n"),
        }
        head.extend(b"\r\n");
        head
    }

    /// The body as it stands on the wire; chunked ones in pieces.
    fn framed_body(&self) -> Vec<u8> {
        match self.framing {
            Framing::None => Vec::new(),
            Framing::Length => self.body.clone(),
            Framing::Chunked => {
                let piece = |piece: &[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
                let mut framed: Vec<u8> = self.body.chunks(100).flat_map(piece).collect();
                framed.extend(b"0\r\n\r\n");
                framed
            }
        }
    }
}

/// A reply.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Response {
    /// Status code.
    pub(crate) status: u16,
    /// Header fields, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Body, without its transfer coding.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The first value of a header (name in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.text().chars().take(120).collect();
        write!(f, "{} {start:?} with {:?}", self.status, self.headers)
    }
}

/// Sends `request`, and reads the reply. A server may answer before it has read all.
pub(crate) fn send(address: SocketAddr, request: &Request) -> Response {
    let mut stream = connect(address);
    let sent = stream.write_all(&request.head()).and_then(|()| stream.write_all(&request.framed_body()));
    let received = read_to_end(&mut stream);
    parse(&received).unwrap_or_else(|| {
        panic!("no reply to {}: sent {sent:?}, received {:?}", request.line, String::from_utf8_lossy(&received))
    })
}

/// The same where the server may be gone, or go: `None` unless a whole reply comes.
pub(crate) fn try_send(address: SocketAddr, request: &Request) -> Option<Response> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let _may_be_gone = stream.write_all(&request.head()).and_then(|()| stream.write_all(&request.framed_body()));
    let reply = parse(&read_to_end(&mut stream))?;
    let is_whole = reply.header("content-length") == Some(reply.body.len().to_string().as_str());
    is_whole.then_some(reply)
}

/// Sends the head and `part` of the body, then ends its half of the connection; returns whatever the server says until
/// it lets the connection go.
pub(crate) fn stop_after(address: SocketAddr, request: &Request, part: usize) -> Vec<u8> {
    let mut stream = begin(address, request, part);
    stream.shutdown(std::net::Shutdown::Write).expect("half-close");
    read_to_end(&mut stream)
}

/// Sends the head and `part` of the body, then dies: the connection is reset (RFC 9293 §3.5.2).
pub(crate) fn die_after(address: SocketAddr, request: &Request, part: usize) {
    let stream = begin(address, request, part);
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("SO_LINGER");
}

/// Sends the head and `part` of the body, and no more while the connection is kept.
pub(crate) fn begin(address: SocketAddr, request: &Request, part: usize) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(&request.head()).expect("head");
    stream.write_all(&request.body[..part]).expect("part of the body");
    stream
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("cannot connect to {address}: {e}"));
    stream.set_read_timeout(Some(PATIENCE)).expect("time-out");
    stream.set_write_timeout(Some(PATIENCE)).expect("time-out");
    stream
}

/// What arrives until the connection ends, in whichever way.
fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return received,
            Ok(n) => received.extend(&piece[..n]),
            // A receive with a time-out is not restarted after the process was stopped and continued (signal(7)).
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                eprintln!("the connection ended: {error}");
                return received;
            }
        }
    }
}

fn parse(received: &[u8]) -> Option<Response> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let field = |line: &str| line.split_once(':').map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()));
    let mut response = Response { status, headers: lines.filter_map(field).collect(), body: Vec::new() };
    let rest = &received[end + 4..];
    let chunked = response.header("transfer-encoding") == Some("chunked");
    response.body = if chunked { unchunk(rest)? } else { rest.to_vec() };
    Some(response)
}

/// The body behind a chunked transfer coding (RFC 9112 §7.1).
fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?.trim(), 16).ok()?;
        body.extend(rest.get(end + 2..end + 2 + size)?);
        if size == 0 {
            return Some(body);
        }
        rest = rest.get(end + 2 + size + 2..)?;
    }
}
