//! Edge. Requests that two readers could read in two ways (RFC 9112), over a raw socket, whole and byte by byte: one
//! table of what is taken for which request, and one of what is refused.

use crate::support::fastcgi_peer::{Collect, Responder};
use hookspool::gateway::{Begun, Limits, Params};
use std::io::Read;
use std::sync::{Arc, Mutex};

/// Takes any body, and keeps which requests it saw.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A handler that keeps what it sees.
fn keep(seen: &Seen) -> Collect {
    let seen = seen.clone();
    Collect::then(move |params, body, answer| {
        let text = |name: &str| String::from_utf8_lossy(params.get(name.as_bytes()).unwrap_or(b"-")).into_owned();
        let head = ["REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_LENGTH"].map(text).join(" ");
        let mut whole = Vec::new();
        if body.read_to_end(&mut whole).is_err() {
            return answer.write_all(b"Status: 400 Bad Request\r\n\r\nincomplete\n");
        }
        seen.0.lock().unwrap().push(format!("{head} {}", whole.escape_ascii()));
        answer.write_all(b"Status: 200 OK\r\n\r\ntaken\n")
    })
}

/// Status of the answer and the requests that were seen, for the bytes in one piece or one by one.
fn exchange(responder: &Responder, seen: &Seen, request: &[u8], piece_bytes: usize) -> (u16, Vec<String>) {
    let mut peer = responder.connect();
    // What is refused may be answered, and the connection closed, before all of it was sent.
    let _ = request.chunks(piece_bytes).try_for_each(|piece| peer.offer(piece));
    let mut answer = Vec::new();
    peer.0.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    assert!(answer.contains("\r\nConnection: close\r\n") && answer.contains("\r\nDate: "), "{answer}");
    (status.unwrap_or_else(|| panic!("no status in {answer:?}")), seen.take())
}

/// Runs a table; the result is the same however the bytes come.
fn check(rows: &[(&str, &[u8], u16, &[&str])]) {
    let seen = Seen::default();
    let responder = Responder::http(Limits::default(), keep(&seen));
    for (sentence, request, status, requests) in rows {
        let expected = (*status, requests.iter().map(ToString::to_string).collect());
        for piece_bytes in [usize::MAX, 1] {
            let found = exchange(&responder, &seen, request, piece_bytes);
            assert_eq!(found, expected, "{sentence}, in pieces of {piece_bytes}: {}", request.escape_ascii());
        }
    }
    responder.finish();
}

/// A request with the field lines that a row is about.
macro_rules! post {
    ($fields:literal, $body:literal) => {
        concat!("POST /docs HTTP/1.1\r\nHost: h\r\n", $fields, "\r\n\r\n", $body).as_bytes()
    };
}

#[test]
fn each_of_these_is_one_request_and_never_two() {
    let hello = &["POST /docs  5 hello"][..];
    let chunked = &["POST /docs  - hello"][..];
    check(&[
        ("a length", post!("Content-Length: 5", "hello"), 200, hello),
        ("a length of zero", post!("Content-Length: 0", ""), 200, &["POST /docs  0 "]),
        ("a length with zeros before it", post!("content-length:0005", "hello"), 200, hello),
        ("blanks around a value", post!("Content-Length: \t 5 \t", "hello"), 200, hello),
        ("no body", post!("X: y", ""), 200, &["POST /docs  - "]),
        ("chunks", post!("Transfer-Encoding: chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), 200, chunked),
        ("chunks in capitals", post!("TRANSFER-ENCODING: Chunked", "5\r\nhello\r\n0\r\n\r\n"), 200, chunked),
        (
            "extensions, trailers",
            post!("Transfer-Encoding: chunked", "5;a=b\r\nhello\r\n0;c\r\nX: y\r\n\r\n"),
            200,
            chunked,
        ),
        (
            "a second request after the first is nobody's",
            post!("Content-Length: 5", "helloPOST /evil HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"),
            200,
            hello,
        ),
        (
            "a second request after the last chunk is nobody's",
            post!("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\nPOST /evil HTTP/1.1\r\nHost: h\r\n\r\n"),
            200,
            chunked,
        ),
        (
            "a second request after none",
            b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            200,
            &["GET /a  - "],
        ),
        (
            "an underscore makes another name",
            post!("Content-Length: 5\r\nTransfer_Encoding: chunked", "hello"),
            200,
            hello,
        ),
        ("HTTP/1.0 without a host", b"POST /docs HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 200, hello),
        (
            "empty lines before it",
            b"\r\n\r\nPOST /docs HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
            200,
            hello,
        ),
        ("a query", b"GET /a?b=c%20d HTTP/1.1\r\nHost: h\r\n\r\n", 200, &["GET /a b=c%20d - "]),
        ("a path is decoded", b"GET /a%2fb%20 HTTP/1.1\r\nHost: h\r\n\r\n", 200, &["GET /a/b   - "]),
        ("a URL, as to a proxy", b"GET http://h:80/a?b HTTP/1.1\r\nHost: h\r\n\r\n", 200, &["GET /a b - "]),
        ("a URL without a path", b"GET http://h?b HTTP/1.1\r\nHost: h\r\n\r\n", 200, &["GET  b - "]),
        ("an empty host", b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", 200, &["GET /a  - "]),
        ("a method in small letters is another one", b"post /a HTTP/1.1\r\nHost: h\r\n\r\n", 200, &["post /a  - "]),
    ]);
}

#[test]
fn two_signs_of_a_bodys_end_are_refused() {
    let rows: &[(&str, &[u8])] = &[
        ("a coding beside a length", post!("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\nx")),
        ("the other way round", post!("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\nx")),
        ("beside a length that is none", post!("Transfer-Encoding: chunked\r\nContent-Length:", "0\r\n\r\n")),
        ("two lengths", post!("Content-Length: 5\r\nContent-Length: 6", "hello!")),
        ("the same length twice", post!("Content-Length: 5\r\nContent-Length: 5", "hello")),
        ("a list of lengths", post!("Content-Length: 5, 5", "hello")),
        ("a sign", post!("Content-Length: +5", "hello")),
        ("a minus", post!("Content-Length: -5", "hello")),
        ("hexadecimal", post!("Content-Length: 0x5", "hello")),
        ("a fraction", post!("Content-Length: 5.0", "hello")),
        ("an empty length", post!("Content-Length:", "hello")),
        ("a length in quotes", post!("Content-Length: \"5\"", "hello")),
        ("a coding before chunked", post!("Transfer-Encoding: gzip, chunked", "0\r\n\r\n")),
        ("a coding after chunked", post!("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
        ("chunked twice", post!("Transfer-Encoding: chunked, chunked", "0\r\n\r\n")),
        ("chunked twice in two lines", post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        ("a coding in two lines", post!("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "0\r\n\r\n")),
        ("no coding at all", post!("Transfer-Encoding: identity", "")),
        ("an empty coding", post!("Transfer-Encoding:", "0\r\n\r\n")),
        ("nearly chunked", post!("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("chunked in quotes", post!("Transfer-Encoding: \"chunked\"", "0\r\n\r\n")),
        ("chunked with a parameter", post!("Transfer-Encoding: chunked;q=1", "0\r\n\r\n")),
        ("chunked and a vertical tab", post!("Transfer-Encoding: chunked\x0b", "0\r\n\r\n")),
        ("chunked in HTTP/1.0", b"POST /docs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ];
    check(&rows.iter().map(|(sentence, request)| (*sentence, *request, 400, &[][..])).collect::<Vec<_>>());
}

#[test]
fn lines_that_could_be_read_in_two_ways_are_refused() {
    let rows: &[(&str, &[u8])] = &[
        ("a blank before the colon", post!("Transfer-Encoding : chunked", "0\r\n\r\n")),
        ("a tab before the colon", post!("Content-Length\t: 5", "hello")),
        ("a folded line", post!("X: a\r\n Transfer-Encoding: chunked", "0\r\n\r\n")),
        ("a folded line with a tab", post!("X: a\r\n\tb", "")),
        ("a blank before the first field", b"POST / HTTP/1.1\r\n Host: h\r\nX: y\r\n\r\n"),
        ("a field without a name", post!(": y", "")),
        ("a line without a colon", post!("Content-Length", "")),
        ("a carriage return within a value", post!("X: a\rTransfer-Encoding: chunked", "")),
        ("a carriage return within a name", post!("X\rY: a", "")),
        ("NUL in a value", post!("X: a\0b", "")),
        ("NUL in a name", post!("X\0: b", "")),
        ("another control character", post!("X: a\x08b", "")),
        ("a line feed alone", post!("X: a\nTransfer-Encoding: chunked", "")),
        ("line feeds alone", b"POST / HTTP/1.1\nHost: h\n\n"),
        ("a line feed alone at the end", b"POST / HTTP/1.1\r\nHost: h\r\n\n"),
        ("no host", b"POST / HTTP/1.1\r\nX: y\r\n\r\n"),
        ("two hosts", b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("two hosts in HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("a host with a path", b"POST / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("a host with a user", b"POST / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
        ("a list of hosts", b"POST / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        ("two blanks in the first line", b"POST  / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("words after the version", b"POST / HTTP/1.1 x\r\nHost: h\r\n\r\n"),
        ("no target", b"POST HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a target that is no path", b"POST docs HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("an asterisk", b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("an authority", b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("another scheme", b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("a method that is none", b"PO(ST / HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    ];
    check(&rows.iter().map(|(sentence, request)| (*sentence, *request, 400, &[][..])).collect::<Vec<_>>());
}

#[test]
fn a_chunked_body_that_could_be_read_in_two_ways_is_no_body() {
    let rows: &[(&str, &[u8])] = &[
        ("no size", post!("Transfer-Encoding: chunked", "\r\nhello\r\n0\r\n\r\n")),
        ("a sign", post!("Transfer-Encoding: chunked", "+5\r\nhello\r\n0\r\n\r\n")),
        ("a prefix", post!("Transfer-Encoding: chunked", "0x5\r\nhello\r\n0\r\n\r\n")),
        ("a blank", post!("Transfer-Encoding: chunked", "5 \r\nhello\r\n0\r\n\r\n")),
        ("more than 64 bits", post!("Transfer-Encoding: chunked", "10000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("a line feed alone", post!("Transfer-Encoding: chunked", "5\nhello\r\n0\r\n\r\n")),
        ("a line feed within an extension", post!("Transfer-Encoding: chunked", "5;a\n\r\nhello\r\n0\r\n\r\n")),
        ("more than its size", post!("Transfer-Encoding: chunked", "5\r\nhello!\r\n0\r\n\r\n")),
        ("less than its size", post!("Transfer-Encoding: chunked", "6\r\nhello\r\n0\r\n\r\n")),
    ];
    check(&rows.iter().map(|(sentence, request)| (*sentence, *request, 400, &[][..])).collect::<Vec<_>>());
}

#[test]
fn what_is_too_large_or_too_new_is_told_so() {
    let field = "X-Padding: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
    let long = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", field.repeat(500));
    let many = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(128));
    check(&[
        ("a head of 40 KB", long.as_bytes(), 431, &[]),
        ("a field too many", many.as_bytes(), 431, &[]),
        ("a length of more than 64 bits", post!("Content-Length: 99999999999999999999", ""), 413, &[]),
        ("HTTP/2 without negotiation", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, &[]),
        ("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505, &[]),
    ]);
}

#[test]
fn a_body_that_is_cut_off_is_no_request() {
    let (seen, mut answer) = (Seen::default(), Vec::new());
    let responder = Responder::http(Limits::default(), keep(&seen));
    let long = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(99_999));
    for request in [
        post!("Content-Length: 6", "hello"),
        post!("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n"),
        long.as_bytes(),
    ] {
        let mut peer = responder.connect();
        peer.send(request).end().0.read_to_end(&mut answer).unwrap();
    }
    assert_eq!(responder.finish(), [""; 0]);
    assert_eq!(seen.take(), [""; 0]);
    assert!(!String::from_utf8(answer).unwrap().contains(" 200 "));
}

#[test]
fn whoever_waits_to_be_asked_for_the_body_is_asked_only_if_it_is_wanted() {
    let seen = Seen::default();
    let responder = Responder::http(Limits::default(), keep(&seen));
    let expecting = |path: &str, framing: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: h\r\n{framing}\r\nExpect: 100-Continue\r\n\r\n");
        let mut peer = responder.connect();
        peer.send(head.as_bytes());
        peer
    };
    for (framing, body) in
        [("Content-Length: 5", &b"hello"[..]), ("Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n")]
    {
        let mut peer = expecting("/docs", framing);
        let mut asked = [0; 25];
        peer.0.read_exact(&mut asked).unwrap();
        assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        let mut answer = String::new();
        peer.send(body).0.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert_eq!(seen.take(), ["POST /docs  5 hello", "POST /docs  - hello"]);

    let refusing =
        Responder::http(Limits::default(), |_: &Params| Begun::Answered(b"Status: 404 Not Found\r\n\r\nno\n".to_vec()));
    let mut answer = String::new();
    let mut peer = refusing.connect();
    peer.send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    peer.0.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
}
