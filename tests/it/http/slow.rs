//! Edge. Clients that send as slowly as they can, or without end, and what they cost.

use crate::support::fastcgi_peer::{Peer, Responder, TestHandler};
use hookspool::gateway::{Begun, Limits, Params};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

/// Far less than a test's patience, and more than a busy machine's hiccup.
const SOON: Duration = Duration::from_millis(500);
const OK: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Sends `piece` again and again, a moment apart, until the other side closes; returns what it said.
fn dribble(peer: &mut Peer, piece: &[u8]) -> String {
    let (mut said, began) = (Vec::new(), Instant::now());
    peer.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    loop {
        assert!(began.elapsed() < Duration::from_secs(20), "it is served for ever");
        let mut part = [0; 512];
        match peer.0.read(&mut part) {
            Ok(0) => return String::from_utf8(said).unwrap(),
            Ok(length) => said.extend(&part[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // A peer that has closed its side refuses.
                let _ = peer.offer(piece);
            }
            Err(_) => return String::from_utf8(said).unwrap(),
        }
    }
}

#[test]
fn the_time_for_a_head_is_one_time_however_often_a_byte_comes() {
    let responder = Responder::http(Limits { head_timeout: SOON, ..Limits::default() }, TestHandler);
    for (begun, piece) in [(&b"GET / HTTP/1.1\r\nHost: h\r\n"[..], &b"X: y\r\n"[..]), (b"", b"\r\n"), (b"G", b"E")] {
        let mut peer = responder.connect();
        assert_eq!(dribble(peer.send(begun), piece), "", "{}", begun.escape_ascii());
    }
    let told = responder.finish();
    assert_eq!(told, ["connection closed: the request's parameters took too long"; 3]);
}

#[test]
fn so_is_the_time_for_a_body_of_either_kind() {
    let limits = Limits { request_timeout: SOON, linger_timeout: Duration::from_millis(10), ..Limits::default() };
    let responder = Responder::http(limits, TestHandler);
    let length =
        [b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n".as_slice(), &vec![b'x'; 40_000]].concat();
    let chunked = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (begun, piece) in
        [(&length, &b"x"[..]), (&chunked, b"1\r\nx\r\n"), (&chunked, b"1;"), (&chunked, b"0\r\nX: y\r\n")]
    {
        let mut peer = responder.connect();
        let said = dribble(peer.send(begun), piece);
        assert!(!said.contains(" 200 "), "{said}");
    }
    responder.finish();
}

#[test]
fn two_workers_serve_others_while_two_hundred_heads_and_bodies_are_open() {
    let responder = Responder::http(Limits { workers: 2, ..Limits::default() }, TestHandler);
    let open: Vec<Peer> = (0..200)
        .map(|number| {
            let mut peer = responder.connect();
            peer.send(match number % 4 {
                0 => b"GET / HTTP/1.1\r\nHo",
                1 => b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel",
                2 => b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
                _ => b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
            });
            peer
        })
        .collect();
    let mut answer = String::new();
    responder.connect().send(OK).0.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop(open);
    responder.finish();
}

#[test]
fn whoever_sends_without_end_after_the_answer_is_cut_off_and_has_the_answer() {
    let limits = Limits { linger_timeout: Duration::from_millis(200), ..Limits::default() };
    let responder = Responder::http(limits, |_: &Params| Begun::Answered(b"Status: 200 OK\r\n\r\nok\n".to_vec()));
    let mut peer = responder.connect();
    peer.send(OK);
    // The answer is not lost to a reset: it is there, whatever was sent behind the request.
    let said = dribble(&mut peer, &[b'x'; 1000]);
    assert!(said.ends_with("\r\n\r\nok\n"), "{said}");
    responder.finish();
}

#[test]
fn what_comes_behind_a_request_takes_the_answer_from_nobody() {
    let responder = Responder::http(Limits::default(), TestHandler);
    let mut peer = responder.connect();
    let mut answer = String::new();
    // More than is read at a time: to close with the rest unread would be a reset.
    peer.send(&[OK, &vec![b'x'; 100_000]].concat()).0.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    responder.finish();
}
