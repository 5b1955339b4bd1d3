//! Pure. Bodies that are hardly documents.

use super::events::headers_of;
use super::*;
use crate::model::RefName;
use proptest::prelude::*;

#[test]
fn what_is_not_one_json_object_is_malformed() {
    for body in
        ["", " ", "null", "[]", "1", "\"x\"", "{", "{}{}", "{} x", "{\"a\":}", "{\"ref\":\"\\u12\"}", "{}\u{feff}"]
    {
        let headers = [("X-GitHub-Event", "create")];
        assert!(Arrived::new(Provider::Github, &headers, body).read().is_err(), "{body}");
    }
    for bracket in ["[", "{\"a\":"] {
        let bomb = bracket.repeat(1_000_000);
        let error = Arrived::new(Provider::Github, &[("X-GitHub-Event", "create")], bomb).read().unwrap_err();
        assert!(error.to_string().contains("nested deeper than 512"), "{error}");
    }
}

#[test]
fn a_text_that_is_broken_costs_no_delivery() {
    let moved = format!("\"ref\":\"refs/heads/main\",\"before\":\"{BEFORE}\",\"after\":\"{AFTER}\"");
    let filler = format!("\"x\":\"{}\",", "y".repeat(40_000));
    for size in ["", &filler] {
        for message in [&b"cut \\ud83d"[..], b"caf\xe9", b"\xff\xfe", b"\\udc00"] {
            let head = [b"\xef\xbb\xbf{", size.as_bytes(), b"\"head_commit\":{\"message\":\"", message].concat();
            let body = [&head[..], b"\"},", moved.as_bytes(), b",\"\xe9\":{\"\\ud800\":1}}"].concat();
            let event = Arrived::new(Provider::Github, &[("X-GitHub-Event", "push")], body).event();
            assert_eq!((event.reference, event.after.as_deref()), (RefName::branch_named("main"), Some(AFTER)));
            assert!(event.message.is_some_and(|message| message.contains('\u{fffd}')));
        }
    }
    // A name that is broken is no other name.
    let body = format!("{{{}}}", moved.replace("main", "ma\\ud83din"));
    let odd = Arrived::new(Provider::Github, &[("X-GitHub-Event", "push")], body).event();
    assert_eq!(odd.reference, RefName::branch_named("ma\u{fffd}in"));
}

#[test]
fn a_key_that_matters_and_occurs_twice_is_malformed() {
    for body in [
        r#"{"ref":"refs/heads/a","ref":"refs/heads/main"}"#,
        r#"{"ref":"refs/heads/a","r\u0065f":"refs/heads/main"}"#,
        r#"{"ref":"refs/heads/a","repository":{"full_name":"a"},"repository":{"full_name":"b"}}"#,
        r#"{"ref":"refs/heads/a","repository":{"full_name":"a","full_name":"b"}}"#,
        r#"{"ref":"refs/heads/a","commits":[],"commits":[]}"#,
    ] {
        let error = Arrived::new(Provider::Github, &[("X-GitHub-Event", "push")], body).read().unwrap_err();
        assert!(error.to_string().contains("occurs twice"), "{error}");
    }
    let elsewhere = r#"{"ref":"refs/heads/a","x":1,"x":2,"repository.full_name":"evil","commits[]":[]}"#;
    let event = Arrived::new(Provider::Github, &[("X-GitHub-Event", "push")], elsewhere).event();
    assert_eq!(event.repository, None);
}

#[test]
fn forms_are_read_through() {
    let form = |provider: Provider, event: &str, body: &str| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), (event, "push")];
        Arrived::new(provider, &headers, body).read()
    };
    let Ok(Delivery::Events(events)) =
        form(Provider::Github, "X-GitHub-Event", "payload=%7B%22ref%22:%22refs/tags/v1%22%7D")
    else {
        panic!("no event")
    };
    assert_eq!(events[0].reference, RefName::tag_named("v1"));
    assert!(form(Provider::Gitee, "X-Gitee-Event", "hook=%7B%22ref%22:%22refs/tags/v1%22%7D").is_ok());
    for bad in ["payload=%7B%7", "hook=%7B%7D", "payload=%7B%7D&payload=%7B%7D", "payload=%7B%7D&x=%"] {
        assert!(form(Provider::Github, "X-GitHub-Event", bad).is_err(), "{bad}");
    }
}

#[test]
fn a_signed_json_text_cannot_be_replayed_as_a_form_that_says_something_else() {
    // Whoever may write a commit message could otherwise choose what a delivery of theirs says.
    let message = "&payload=%7B%22ref%22:%22refs/heads/other%22%7D&";
    let body = format!("{{\"ref\":\"refs/heads/main\",\"message\":\"{message}\"}}");
    let headers = Provider::Github.sign(&secret("s3cr3t"), body.as_bytes(), "push", "d", now()).unwrap();
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers: Vec<_> = headers.skip(1).chain([("Content-Type", "application/x-www-form-urlencoded")]).collect();
    let replayed = Arrived::new(Provider::Github, &headers, body);
    assert!(replayed.verify("s3cr3t").is_ok());
    let error = replayed.read().unwrap_err().to_string();
    assert!(error.contains("should be percent-encoded"), "{error}");
}

proptest! {
    #[test]
    fn no_body_panics(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"ref\"", "\"refs/heads/main\"", "\"before\"", "\"after\"", "\"commits\"",
            "\"added\"", "\"repository\"", "\"full_name\"", "\"token\"", "null", "true", "-1", "1e999", "\"\\ud800\"",
            "\"", "\\", "payload=", "%7B", "%", "&", "\u{0}", "é",
        ]), 0..40),
        word in "push|delete|create|release|Push Hook|pull_request|Merge Request Hook|\\PC{0,9}",
        form in any::<bool>(),
    ) {
        let content_type = if form { "application/x-www-form-urlencoded" } else { "application/json" };
        for provider in all() {
            let (event, _) = headers_of(&provider);
            let headers = [("Content-Type", content_type), (event, word.as_str())];
            let arrived = Arrived::new(provider, &headers, tokens.concat());
            if let Ok(Delivery::Events(events)) = arrived.read() {
                let is_commit = |after: &String| matches!(after.len(), 40 | 64);
                prop_assert!(!events.is_empty() && events.iter().all(|e| e.after.as_ref().is_none_or(is_commit)));
            }
        }
    }
}

/// A stored body that gives this much and then fails.
struct Failing<'a>(&'a [u8], std::io::ErrorKind);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() { Err(self.1.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn a_body_that_cannot_be_read_again_is_not_malformed() {
    let verified = || Check::decided(0).finish(&mut std::io::empty()).unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    for kind in [std::io::ErrorKind::Other, std::io::ErrorKind::UnexpectedEof, std::io::ErrorKind::InvalidData] {
        for provider in all().into_iter().filter(|provider| *provider != Provider::Slack) {
            for (headers, start) in [(&[][..], &b"{\"ref\":"[..]), (&form[..], b"payload=%7B"), (&form, b"hook=%7B")] {
                let mut arrived = Arrived::new(provider.clone(), headers, start);
                let (event, _) = headers_of(&provider);
                arrived.head.headers.push(event, b"push");
                let read = provider.read(&arrived.head, &verified(), &mut Failing(start, kind), &options());
                assert!(matches!(read, Err(Unreadable::Io(_))), "{provider:?} {read:?}");
            }
        }
        let coding = Provider::Coding(CodingVersion::V1);
        let arrived = Arrived::new(coding.clone(), &[], "");
        let check = coding.begin(&arrived.head, &[secret("s3cr3t")], now()).unwrap();
        let denied = check.finish(&mut Failing(b"{\"token\":\"s3cr3t\"", kind));
        assert!(matches!(denied, Err(Denied::Io(_))), "{denied:?}");
    }
}
