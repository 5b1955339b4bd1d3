//! Edge. What web servers and attackers say in `FastCGI`, over a raw socket, and what they are told.

use crate::support::fastcgi_peer::{Record, Responder, begin, echoed, head, padded, pair, record, request};
use hookspool::gateway::Limits;
use std::time::Duration;

fn start() -> Responder {
    Responder::start(Limits::default())
}

fn end(id: u16, status: u8) -> Record {
    Record { kind: 3, id, content: vec![0, 0, 0, 0, status, 0, 0, 0] }
}

#[test]
fn a_request_is_answered_and_the_connection_closed() {
    let responder = start();
    let mut peer = responder.connect();
    let answer = peer.send(&request(1, 0, "echo", b"hello")).answer(1);
    assert_eq!(echoed(&answer), b"MODE=echo\n\nhello");
    assert_eq!(peer.rest(), []);
    assert_eq!(responder.finish(), [""; 0]);
}

#[test]
fn keep_conn_serves_many_requests_on_one_connection() {
    let responder = start();
    let mut peer = responder.connect();
    for id in [1, 1, 65_535, 2] {
        assert_eq!(echoed(&peer.send(&request(id, 1, "count", b"four")).answer(id)), b"4");
    }
    let two = [request(3, 1, "count", b"1"), request(4, 0, "count", b"22")].concat();
    peer.send(&two);
    assert_eq!(echoed(&peer.answer(3)), b"1");
    assert_eq!(echoed(&peer.answer(4)), b"2");
    assert_eq!(peer.rest(), []);
}

#[test]
fn parameters_and_body_may_be_cut_at_any_byte() {
    let responder = start();
    let stream = [pair(b"A", b"1"), pair(b"LONG", &[b'v'; 200]), pair(b"", b"")].concat();
    let long = String::from_utf8(vec![b'v'; 200]).unwrap();
    for cut in (0..=stream.len()).filter(|cut| *cut < 20 || cut % 50 == 0 || *cut > 205) {
        let (first, second) = stream.split_at(cut);
        let mut peer = responder.connect();
        peer.send(&begin(1, 1, 0));
        for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
            peer.send(&padded(4, 1, part, 5));
        }
        peer.send(&padded(4, 1, b"", 8)).send(&padded(5, 1, b"body", 3)).send(&record(5, 1, b""));
        let expected = format!("A=1\nLONG={long}\n=\n\nbody");
        assert_eq!(echoed(&peer.answer(1)), expected.as_bytes(), "cut at {cut}");
    }
}

#[test]
fn a_request_that_arrives_byte_by_byte_is_the_same() {
    let responder = start();
    let mut peer = responder.connect();
    for byte in request(1, 0, "echo", b"slow") {
        peer.send(&[byte]);
    }
    assert_eq!(echoed(&peer.answer(1)), b"MODE=echo\n\nslow");
}

#[test]
fn duplicate_and_binary_parameters_reach_the_handler_in_order() {
    let responder = start();
    let params =
        [pair(b"X", b"1"), pair(b"BIN\xff", b"\x00\xfe"), pair(b"X", b"2"), pair(b"REMOTE_ADDR", b"::1")].concat();
    let mut peer = responder.connect();
    peer.send(&begin(1, 1, 0)).send(&record(4, 1, &params)).send(&record(4, 1, b"")).send(&record(5, 1, b""));
    assert_eq!(echoed(&peer.answer(1)), b"X=1\nBIN\xff=\x00\xfe\nX=2\nREMOTE_ADDR=::1\n\n");
}

#[test]
fn content_length_is_not_the_codecs_business() {
    let responder = start();
    for claimed in [&b"3"[..], b"5", b"7", b"-1", b""] {
        let mut peer = responder.connect();
        let params = [pair(b"MODE", b"count"), pair(b"CONTENT_LENGTH", claimed)].concat();
        peer.send(&begin(1, 1, 0)).send(&record(4, 1, &params)).send(&record(4, 1, b""));
        peer.send(&record(5, 1, b"12345")).send(&record(5, 1, b""));
        assert_eq!(echoed(&peer.answer(1)), b"5");
    }
}

#[test]
fn get_values_tells_the_limits_that_hold() {
    let responder = Responder::start(Limits { connections: 9, ..Limits::default() });
    let asked = [pair(b"FCGI_MAX_CONNS", b""), pair(b"FCGI_MPXS_CONNS", b""), pair(b"FCGI_COFFEE", b"")].concat();
    let told = [pair(b"FCGI_MAX_CONNS", b"9"), pair(b"FCGI_MPXS_CONNS", b"0")].concat();
    let mut peer = responder.connect();
    peer.send(&record(9, 0, &asked));
    assert_eq!(peer.record(), Some(Record { kind: 10, id: 0, content: told.clone() }));
    peer.send(&head(1, 0, "count")).send(&record(9, 0, &asked)).send(&record(5, 1, b""));
    assert_eq!(peer.record(), Some(Record { kind: 10, id: 0, content: told }));
    assert_eq!(echoed(&peer.answer(1)), b"0");
}

#[test]
fn management_records_within_a_long_body_are_answered_at_once() {
    let responder = start();
    let mut peer = responder.connect();
    peer.send(&head(1, 0, "count"));
    (0..3).for_each(|_| {
        peer.send(&record(5, 1, &vec![7; 60_000]));
    });
    peer.send(&record(77, 0, b"???"));
    assert_eq!(peer.record(), Some(Record { kind: 11, id: 0, content: vec![77, 0, 0, 0, 0, 0, 0, 0] }));
    peer.send(&begin(2, 1, 0)).send(&record(5, 2, b"ignored"));
    assert_eq!(peer.record(), Some(end(2, 1)), "CANT_MPX_CONN");
    peer.send(&record(5, 1, b""));
    assert_eq!(echoed(&peer.answer(1)), b"180000");
}

#[test]
fn an_abort_is_answered_with_the_end_of_the_request_wherever_it_comes() {
    let before = [begin(1, 1, 1), record(4, 1, b"\x05")].concat();
    let early = [head(1, 1, "count"), record(5, 1, b"a bit")].concat();
    let late = [head(1, 1, "count"), record(5, 1, &vec![0; 50_000])].concat();
    let responder = start();
    for stream in [before, early, late] {
        let mut peer = responder.connect();
        peer.send(&stream).send(&record(2, 1, b""));
        assert_eq!(peer.record(), Some(end(1, 0)));
        assert_eq!(echoed(&peer.send(&request(1, 0, "count", b"next")).answer(1)), b"4");
    }
}

#[test]
fn an_abort_without_keep_conn_closes_after_the_end_of_the_request() {
    let responder = start();
    for body in [0, 50_000] {
        let mut peer = responder.connect();
        peer.send(&head(1, 0, "tell")).send(&record(5, 1, &vec![0; body.max(1)])).send(&record(2, 1, b""));
        let records = peer.rest();
        assert_eq!(records.last(), Some(&end(1, 0)), "{body}");
    }
}

#[test]
fn other_roles_are_refused_before_a_handler_is_called() {
    let responder = start();
    for role in [2, 3, 9] {
        let mut peer = responder.connect();
        peer.send(&begin(1, role, 0)).send(&record(4, 1, b"")).end();
        assert_eq!(peer.rest(), [end(1, 3)], "role {role}");
        let mut kept = responder.connect();
        kept.send(&begin(1, role, 1)).send(&record(4, 1, b""));
        assert_eq!(kept.record(), Some(end(1, 3)));
        assert_eq!(echoed(&kept.send(&request(1, 0, "count", b"")).answer(1)), b"0");
    }
}

#[test]
fn input_that_breaks_the_protocol_closes_the_connection_and_nothing_else() {
    let responder = start();
    let params = |content: &[u8]| [begin(1, 1, 0), record(4, 1, content), record(4, 1, b"")].concat();
    let cases = [
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        record(1, 1, b"\0\x01\0"),
        begin(0, 1, 0),
        record(3, 1, &[0; 8]),
        record(6, 1, b"x"),
        record(7, 1, b"x"),
        record(10, 0, b""),
        record(4, 0, b""),
        [begin(1, 1, 0), begin(1, 1, 0)].concat(),
        [begin(1, 1, 0), record(5, 1, b"early")].concat(),
        params(b"\x80\0\0"),
        params(b"\x01\x7fA"),
        params(b"\xff\xff\xff\xff\xff\xff\xff\xffA"),
    ];
    for case in &cases {
        let mut peer = responder.connect();
        peer.send(case);
        assert_eq!(peer.rest(), [], "{case:?}");
    }
    assert_eq!(echoed(&responder.connect().send(&request(1, 0, "count", b"ok")).answer(1)), b"2");
    let notices = responder.finish();
    assert_eq!(notices.len(), cases.len(), "{notices:?}");
    assert!(notices.contains(&"connection closed: truncated name-value pair".to_owned()), "{notices:?}");
}

#[test]
fn a_connection_that_ends_within_a_record_is_just_closed() {
    let responder = start();
    let whole = request(1, 0, "count", b"12345");
    for cut in 0..whole.len() {
        let mut peer = responder.connect();
        peer.send(&whole[..cut]).end();
        assert_eq!(peer.rest(), [], "cut at {cut}");
    }
    assert_eq!(responder.finish(), [""; 0]);
}

#[test]
fn the_end_of_the_connection_is_never_the_end_of_a_body() {
    let responder = start();
    let mut peer = responder.connect();
    peer.send(&head(1, 0, "tell")).send(&record(5, 1, &vec![0; 40_000])).end();
    assert_eq!(echoed(&peer.answer(1)), b"Err(UnexpectedEof) Err(UnexpectedEof)");
    let mut within = responder.connect();
    let long = record(5, 1, &vec![0; 60_000]);
    within.send(&head(1, 0, "tell")).send(&long[..50_000]).end();
    assert_eq!(echoed(&within.answer(1)), b"Err(UnexpectedEof) Err(UnexpectedEof)");
}

#[test]
fn a_complete_body_ends_for_good() {
    let responder = start();
    let answer = responder.connect().send(&request(1, 0, "tell", b"12345")).answer(1);
    assert_eq!(echoed(&answer), b"Ok(5) Ok(0)");
}

#[test]
fn a_malformed_record_within_a_body_is_an_error_of_the_body() {
    let responder = start();
    let mut peer = responder.connect();
    peer.send(&head(1, 0, "tell")).send(&record(5, 1, &vec![0; 40_000])).send(b"GET / HTTP/1.1\r\n");
    assert_eq!(echoed(&peer.answer(1)), b"Err(InvalidData) Err(InvalidData)");
    assert_eq!(responder.finish(), ["connection closed: record of protocol version 71"]);
}

#[test]
fn a_silent_body_is_an_error_of_the_body() {
    let responder = Responder::start(Limits { read_timeout: Duration::from_millis(50), ..Limits::default() });
    let mut peer = responder.connect();
    peer.send(&head(1, 0, "tell")).send(&record(5, 1, &vec![0; 40_000]));
    assert_eq!(echoed(&peer.answer(1)), b"Err(TimedOut) Err(TimedOut)");
}

#[test]
fn twenty_five_megabytes_stream_through() {
    let responder = start();
    let body = vec![b'x'; 25 * 1024 * 1024];
    let answer = responder.connect().send(&request(1, 0, "count", &body)).answer(1);
    assert_eq!(echoed(&answer), b"26214400");
    let mut peer = responder.connect();
    let bytes: Vec<u8> = (0..100_000).flat_map(|_| record(5, 1, b"x")).collect();
    peer.send(&head(1, 0, "count")).send(&bytes).send(&record(5, 1, b""));
    assert_eq!(echoed(&peer.answer(1)), b"100000", "in records of one byte");
}

#[test]
fn a_panic_is_answered_500_and_told_in_one_line() {
    let responder = start();
    let mut peer = responder.connect();
    let answer = peer.send(&request(1, 1, "panic", b"x")).answer(1);
    assert!(answer.starts_with(b"Status: 500 Internal Server Error\r\nContent-Type: text/plain"), "{answer:?}");
    assert_eq!(echoed(&peer.send(&request(2, 0, "count", b"x")).answer(2)), b"1", "the connection goes on");
    assert_eq!(responder.finish(), ["handler panicked: a bug of two lines"]);
}

#[test]
fn a_panic_while_a_long_body_comes_is_answered_500_at_its_end() {
    let responder = start();
    let mut peer = responder.connect();
    let answer = peer.send(&request(1, 1, "panic late", &vec![0; 200_000])).answer(1);
    assert!(answer.starts_with(b"Status: 500 "), "{answer:?}");
    assert_eq!(echoed(&peer.send(&request(2, 0, "count", b"x")).answer(2)), b"1", "the connection goes on");
    assert_eq!(responder.finish(), ["handler panicked: a late bug"]);
}

#[test]
fn without_an_answer_the_connection_closes_without_the_end_of_the_request() {
    let responder = start();
    assert_eq!(responder.connect().send(&request(1, 1, "silent", b"")).rest(), []);
    assert_eq!(responder.finish(), ["handler gave no answer, connection closed"]);
}

#[test]
fn a_long_answer_is_many_records() {
    let responder = start();
    let answer = responder.connect().send(&request(1, 0, "big", b"")).answer(1);
    assert_eq!(echoed(&answer), vec![b'x'; 300_000]);
}

#[test]
fn a_short_answer_is_one_write() {
    let responder = start();
    let mut peer = responder.connect();
    peer.send(&request(1, 1, "count", b"x"));
    let mut buffer = [0; 1000];
    let length = std::io::Read::read(&mut peer.0, &mut buffer).unwrap();
    assert_eq!(buffer[length - 16..length], record(3, 1, &[0; 8])[..], "END_REQUEST came with the first read");
}

#[test]
fn a_refusal_reaches_a_peer_that_first_writes_the_whole_body() {
    let responder = start();
    let mut peer = responder.connect();
    let answer = peer.send(&request(1, 1, "refuse", &vec![0; 3_000_000])).answer(1);
    assert!(answer.starts_with(b"Status: 403 "));
    assert_eq!(echoed(&peer.send(&request(2, 0, "count", b"x")).answer(2)), b"1", "the connection goes on");
}
