//! From payload to event, of every provider: what comes out is safe to hand to git, a table and a terminal, and is the
//! same however the payload arrives. And what a JSON pointer picks, against a reader that holds the whole document.
//!
//! An input is as for `headers`, but nobody asks for a signature.

use super::headers::{chosen, request_of};
use hookspool::config::probe;
use hookspool::intake::decide;
use hookspool::model::{Delivery, Event, EventKind, Head, RefName, Reply, Status};
use hookspool::provider::{PICKED_LIMIT_BYTES, Picked, Pointer, Provider, ReadOptions, pick};
use serde_json::Value;
use std::io::Read;

/// Longest message that an event keeps.
const MESSAGE_LIMIT_BYTES: usize = 4096;
/// A document with so much white space at its end is read in another way than a short one.
const PADDING_BYTES: usize = 70 * 1024;
const POINTERS: [&str; 7] = ["/ref", "/a/b", "/commits/0/id", "/commits/1", "/repository/owner/login", "/", "/~0~1"];

pub fn run(input: &[u8]) {
    let (provider, request) = chosen(input);
    let (head, body) = request_of(request);
    let options = ReadOptions { keep_paths: true, github_payload: true, delivery_header: None };
    let whole = provider.read_unverified(&head, &mut &*body, &options).ok();
    assert_eq!(whole, provider.read_unverified(&head, &mut ByteWise(body), &options).ok(), "byte by byte");
    // The padding is slow to read: one input in eight.
    if !head.is_form() && body.len().is_multiple_of(8) {
        let padded = [body, &vec![b' '; PADDING_BYTES]].concat();
        assert_eq!(
            whole,
            provider.read_unverified(&head, &mut padded.as_slice(), &options).ok(),
            "with white space behind"
        );
    }
    picked(body);
    if let Some(Delivery::Events(events)) = whole {
        assert!(!events.is_empty(), "no events at all");
        events.iter().for_each(|event| right(provider, &head, event));
    }
}

fn right(provider: &Provider, head: &Head, event: &Event) {
    let hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    for commit in [&event.before, &event.after].into_iter().flatten() {
        assert!(matches!(commit.len(), 40 | 64) && commit.bytes().all(hex), "{commit:?}");
        assert!(commit.bytes().any(|digit| digit != b'0'), "zeros are no commit");
    }
    if let Some(name) = &event.reference {
        assert_eq!(RefName::parse(name.as_str()).as_ref(), Some(name));
    }
    for name in [&event.repository, &event.pusher, &event.delivery, &event.default_branch].into_iter().flatten() {
        assert!(!name.is_empty() && name.len() <= 1024 && !name.contains(char::is_control), "{name:?}");
    }
    if let EventKind::Other(word) = &event.kind {
        let ours = EventKind::WORDS.contains(&word.as_str());
        assert!(
            !ours && word.len() <= 128 && word.bytes().all(|b| b.is_ascii_graphic()),
            "{word:?} of {}",
            provider.name()
        );
    }
    assert!(event.message.as_ref().is_none_or(|message| message.len() <= MESSAGE_LIMIT_BYTES));
    assert!(event.changes.paths.length_bytes() <= head.content_length.unwrap_or(0) as usize);
    let said = format!("{:?}", decide(&rules(), event, None));
    assert!(!Reply::new(Status::Ok, said).text.contains(char::is_control));
}

fn rules() -> hookspool::config::Rules {
    let text = "spool = \"/s\"\n[[hook]]\nname = \"h\"\nprovider = \"github\"\ndir = \"/d\"\nsecret = { env = \"S\" }\n\
                steps = [{ shell = \"x\" }]\nevents = [\"push\", \"release\"]\nbranches = [\"main\", \"r/**\"]\ntags = [\"v*\"]\n\
                paths = [\"docs/**\"]\n";
    probe::read(text).unwrap_or_else(|report| panic!("{report}")).hooks.remove(0).rules
}

fn picked(document: &[u8]) {
    let pointers = POINTERS.map(|text| text.parse::<Pointer>().expect("a pointer"));
    let Ok(found) = pick(&pointers.each_ref(), document) else { return };
    // The whole is pickier about texts that nobody asked for.
    let Ok(whole) = serde_json::from_slice::<Value>(document) else { return };
    for (pointer, picked) in POINTERS.iter().zip(found) {
        let expected = match whole.pointer(pointer) {
            None | Some(Value::Null) => Picked::Absent,
            Some(Value::String(text)) if text.len() <= PICKED_LIMIT_BYTES => Picked::Text(text.clone()),
            Some(Value::String(_)) => Picked::TooLong,
            Some(Value::Bool(flag)) => Picked::Flag(*flag),
            Some(Value::Number(number)) => number.as_u64().map_or(Picked::Other, Picked::Number),
            Some(_) => Picked::Other,
        };
        assert_eq!(picked, expected, "{pointer}");
    }
}

/// A body that arrives byte by byte.
struct ByteWise<'a>(&'a [u8]);

impl Read for ByteWise<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = buffer.len().min(1);
        self.0.read(&mut buffer[..room])
    }
}
