//! Pure. The protocol cases on the codec alone, each stream split at every byte.

use super::*;

const BOUNDS: CodecLimits = CodecLimits { params_bytes: 1000, pairs: 10, connections: 7 };

/// An event that owns its bytes; neighbouring parts of a body are one.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Head(Params),
    Body(Vec<u8>),
    End,
    Abort,
    Send(Vec<u8>),
    Refuse(Vec<u8>, bool),
    Broken(Violation),
}

fn record(kind: u8, id: u16, content: &[u8], padding: u8) -> Vec<u8> {
    let content_bytes = u16::try_from(content.len()).unwrap();
    let header = Header { kind, request_id: id, content_bytes, padding_bytes: padding };
    [&header.encode(), content, &vec![0xEE; padding.into()]].concat()
}

fn begin(id: u16, role: u8, flags: u8) -> Vec<u8> {
    record(1, id, &[0, role, flags, 0, 0, 0, 0, 0], 0)
}

fn params(stream: &[u8]) -> Params {
    Params::split(stream.to_vec(), 10).unwrap()
}

/// Feeds pieces, and ends a request that was aborted, as the responder does.
fn run(pieces: &[&[u8]]) -> Vec<Seen> {
    let mut codec = FastCgiCodec::new(BOUNDS);
    let mut seen = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        loop {
            match codec.next(&mut input, usize::MAX) {
                Ok(None) => break,
                Ok(Some(event)) => note(&mut seen, event),
                Err(violation) => {
                    seen.push(Seen::Broken(violation));
                    return seen;
                }
            }
        }
        assert!(input.is_empty());
    }
    seen
}

fn note(seen: &mut Vec<Seen>, event: Message<'_>) {
    match (event, seen.last_mut()) {
        (Message::Body(part), Some(Seen::Body(body))) => body.extend(part),
        (Message::Body(part), _) => seen.push(Seen::Body(part.to_vec())),
        (Message::Head(params), _) => seen.push(Seen::Head(params)),
        (Message::End, _) => seen.push(Seen::End),
        (Message::Abort, _) => seen.push(Seen::Abort),
        (Message::Send(reply), _) => seen.push(Seen::Send(reply)),
        (Message::Refuse { reply, keep, .. }, _) => seen.push(Seen::Refuse(reply, keep)),
    }
}

/// The same events, however the stream is cut: whole, in two at each byte, and byte by byte.
fn check(stream: &[u8], expected: &[Seen]) {
    assert_eq!(run(&[stream]), expected, "whole");
    for cut in 0..=stream.len() {
        let (first, second) = stream.split_at(cut);
        assert_eq!(run(&[first, second]), expected, "cut at {cut}");
    }
    assert_eq!(run(&stream.chunks(1).collect::<Vec<_>>()), expected, "byte by byte");
}

#[test]
fn a_request_in_many_padded_records_is_one_request() {
    let stream = [
        begin(1, 1, 1),
        record(4, 1, b"\x01\x80", 3),
        record(4, 1, b"\0\0\x02A", 0),
        record(4, 1, b"bc", 255),
        record(4, 1, b"", 1),
        record(5, 1, b"hello ", 7),
        record(5, 1, b"world", 0),
        record(5, 1, b"", 0),
    ];
    check(&stream.concat(), &[Seen::Head(params(b"\x01\x02Abc")), Seen::Body(b"hello world".to_vec()), Seen::End]);
}

#[test]
fn get_values_is_answered_truthfully_and_unknown_names_are_left_out() {
    let asked = b"\x0e\0FCGI_MAX_CONNS\x04\0NOPE\x0f\0FCGI_MPXS_CONNS\x0c\0FCGI_MAX_REQ\x0d\0FCGI_MAX_REQS";
    let told = b"\x0e\x01FCGI_MAX_CONNS7\x0d\x01FCGI_MAX_REQS7\x0f\x01FCGI_MPXS_CONNS0";
    check(&record(9, 0, asked, 2), &[Seen::Send(record(10, 0, told, 0))]);
    check(&record(9, 0, b"", 0), &[Seen::Send(record(10, 0, b"", 0))]);
}

#[test]
fn an_unknown_management_type_is_named_in_the_answer() {
    let answer = |kind| Seen::Send(record(11, 0, &[kind, 0, 0, 0, 0, 0, 0, 0], 0));
    check(&[record(12, 0, b"whatever", 1), record(255, 0, b"", 0)].concat(), &[answer(12), answer(255)]);
}

#[test]
fn management_records_may_come_between_the_records_of_a_request() {
    let stream =
        [begin(1, 1, 0), record(9, 0, b"", 0), record(4, 1, b"", 0), record(9, 0, b"", 0), record(5, 1, b"", 0)];
    let values = Seen::Send(record(10, 0, b"", 0));
    check(&stream.concat(), &[values.clone(), Seen::Head(params(b"")), values, Seen::End]);
}

#[test]
fn a_second_request_on_a_busy_connection_cannot_multiplex() {
    let stream = [
        begin(1, 1, 0),
        begin(2, 1, 1),
        record(4, 2, b"\x7f", 0),
        record(4, 1, b"", 0),
        record(5, 2, b"x", 0),
        record(5, 1, b"", 0),
    ];
    let refusal = record(3, 2, &[0, 0, 0, 0, 1, 0, 0, 0], 0);
    check(&stream.concat(), &[Seen::Send(refusal), Seen::Head(params(b"")), Seen::End]);
}

#[test]
fn other_roles_than_responder_are_refused_and_the_connection_is_kept_as_asked() {
    for role in [0, 2, 3, 9] {
        let refusal = record(3, 5, &[0, 0, 0, 0, 3, 0, 0, 0], 0);
        check(&begin(5, role, 0), &[Seen::Refuse(refusal.clone(), false)]);
        let stream = [begin(5, role, 1), record(4, 5, b"skipped", 0), begin(5, 1, 0), record(4, 5, b"", 0)];
        check(&stream.concat(), &[Seen::Refuse(refusal, true), Seen::Head(params(b""))]);
    }
}

#[test]
fn an_abort_is_told_once_and_only_before_the_body_is_complete() {
    let abort = record(2, 1, b"", 4);
    check(&[begin(1, 1, 1), abort.clone(), abort.clone()].concat(), &[Seen::Abort]);
    let head = [begin(1, 1, 1), record(4, 1, b"", 0)].concat();
    let in_body = [head.clone(), record(5, 1, b"x", 0), abort.clone(), record(5, 1, b"late", 0)].concat();
    check(&in_body, &[Seen::Head(params(b"")), Seen::Body(b"x".to_vec()), Seen::Abort]);
    check(&[head, record(5, 1, b"", 0), abort].concat(), &[Seen::Head(params(b"")), Seen::End]);
}

#[test]
fn records_of_inactive_requests_are_skipped() {
    for kind in [2, 4, 5, 8] {
        check(&record(kind, 9, b"abc", 1), &[]);
    }
}

#[test]
fn input_that_breaks_the_protocol_is_told_apart() {
    let in_params = |record: Vec<u8>| [begin(1, 1, 0), record].concat();
    let in_body = |record: Vec<u8>| [begin(1, 1, 0), self::record(4, 1, b"", 0), record].concat();
    let mut version_0 = begin(1, 1, 0);
    version_0[0] = 0;
    let cases = [
        (version_0, Violation::Version(0)),
        (b"GET / HTTP/1.1".to_vec(), Violation::Version(b'G')),
        (record(1, 1, b"\0\x01", 0), Violation::Length(1, 2)),
        (record(1, 1, &[0; 9], 0), Violation::Length(1, 9)),
        (begin(0, 1, 0), Violation::Unexpected(1)),
        (record(3, 1, &[0; 8], 0), Violation::Unexpected(3)),
        (record(6, 1, b"x", 0), Violation::Unexpected(6)),
        (record(7, 1, b"x", 0), Violation::Unexpected(7)),
        (record(10, 0, b"", 0), Violation::Unexpected(10)),
        (record(77, 1, b"", 0), Violation::Unexpected(77)),
        (record(9, 1, b"", 0), Violation::Unexpected(9)),
        (record(9, 0, &[0; 5000], 0), Violation::Length(9, 5000)),
        (record(9, 0, b"\x05", 0), Violation::Pairs),
        (in_params(begin(1, 1, 0)), Violation::Unexpected(1)),
        (in_params(record(5, 1, b"early", 0)), Violation::Unexpected(5)),
        (in_params(record(8, 1, b"x", 0)), Violation::Unexpected(8)),
        (in_params([record(4, 1, b"\x80\0", 0), record(4, 1, b"", 0)].concat()), Violation::Pairs),
        (in_params([record(4, 1, b"\xff\xff\xff\xff\x01", 0), record(4, 1, b"", 0)].concat()), Violation::Pairs),
    ];
    for (stream, violation) in cases {
        assert_eq!(run(&[&stream]).last(), Some(&Seen::Broken(violation)), "{stream:?}");
    }
    let late_params = in_body(record(4, 1, b"late", 0));
    check(&late_params, &[Seen::Head(params(b"")), Seen::Broken(Violation::Unexpected(4))]);
}

#[test]
fn parameters_beyond_the_bounds_are_answered_431() {
    let full = [begin(1, 1, 1), record(4, 1, &[0; 20], 0), record(4, 1, b"", 0)].concat();
    assert!(matches!(run(&[&full])[..], [Seen::Head(_)]), "ten pairs fit");
    let streams = [
        [begin(1, 1, 1), record(4, 1, &[0; 22], 0), record(4, 1, b"", 0)].concat(),
        [begin(1, 1, 1), record(4, 1, &[1; 1001], 0)].concat(),
    ];
    for stream in streams {
        let Seen::Refuse(reply, false) = &run(&[&stream])[0] else { panic!("no refusal") };
        assert!(reply[8..].starts_with(b"Status: 431 "), "{reply:?}");
        assert!(reply.ends_with(&record(3, 1, &[0; 8], 0)));
        check(&stream, &[Seen::Refuse(reply.clone(), false)]);
    }
}

#[test]
fn a_body_part_is_never_longer_than_asked_for() {
    let stream = [begin(1, 1, 0), record(4, 1, b"", 0), record(5, 1, b"abcdefg", 0)].concat();
    let mut codec = FastCgiCodec::new(BOUNDS);
    let mut input = &stream[..];
    assert!(matches!(codec.next(&mut input, 3), Ok(Some(Message::Head(_)))));
    assert_eq!(codec.next(&mut input, 3), Ok(Some(Message::Body(b"abc"))));
    assert_eq!(codec.next(&mut input, 3), Ok(Some(Message::Body(b"def"))));
    assert_eq!(codec.next(&mut input, 3), Ok(Some(Message::Body(b"g"))));
    assert_eq!(codec.next(&mut input, 3), Ok(None));
}

#[test]
fn a_request_that_ends_within_a_record_leaves_the_rest_of_it_to_nobody() {
    let stream =
        [begin(1, 1, 1), record(4, 1, b"", 0), record(5, 1, b"abc", 0), begin(2, 1, 0), record(4, 2, b"", 0)].concat();
    let mut codec = FastCgiCodec::new(BOUNDS);
    let mut input = &stream[..];
    assert!(matches!(codec.next(&mut input, 1), Ok(Some(Message::Head(_)))));
    assert_eq!(codec.next(&mut input, 1), Ok(Some(Message::Body(b"a"))));
    assert!(!codec.between_records());
    codec.end_request();
    assert!(matches!(codec.next(&mut input, 1), Ok(Some(Message::Head(_)))));
    assert_eq!(codec.request(), Some(ActiveRequest { id: 2, keep: false }));
    assert!(codec.between_records());
}

mod any_input {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that look like records often enough to get deep.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let content = prop::collection::vec(any::<u8>(), 0..300);
        let plausible = (0u8..14, 0u16..3, content, any::<u8>())
            .prop_map(|(kind, id, content, pad)| record(kind, id, &content, pad));
        prop_oneof![
            6 => plausible,
            4 => (1u16..3, 0u8..3, any::<u8>()).prop_map(|(id, role, flags)| begin(id, role, flags)),
            3 => (1u16..3, 4u8..6).prop_map(|(id, kind)| record(kind, id, b"", 0)),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn gives_the_same_events_however_it_is_split_and_nothing_grows(
            pieces in prop::collection::vec(piece(), 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let stream = pieces.concat();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let split: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
            prop_assert_eq!(run(&split), run(&[&stream]));
        }

        #[test]
        fn is_held_within_the_bounds(pieces in prop::collection::vec(piece(), 0..40)) {
            let mut codec = FastCgiCodec::new(BOUNDS);
            for piece in pieces {
                let mut input = &piece[..];
                while let Ok(Some(_)) = codec.next(&mut input, 10) {}
                prop_assert!(codec.params.len() <= BOUNDS.params_bytes);
                prop_assert!(codec.small.len() <= VALUES_LIMIT_BYTES);
            }
        }
    }
}
