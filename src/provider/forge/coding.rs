//! Pure. Coding.net: HMAC-SHA1 over the raw body (version 2), or a token inside the document (version 1).

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{branch, delivery_id, other, push, word};
use crate::provider::forge::github_shape::GithubDocument;
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, beside, github_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Version of Coding.net's webhooks. Pinned by the configuration: a sender could choose the weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodingVersion {
    /// `token` in the JSON body.
    V1,
    /// `X-Coding-Signature`.
    V2,
}

const SIGNATURE: HmacHeader<'static> =
    HmacHeader { name: "X-Coding-Signature", prefix: "sha1=", algorithm: Algorithm::Sha1, encoding: Encoding::Hex };
const FORM_FIELD: &str = "payload";
const EVENT: &str = "X-Coding-Event";
const DELIVERY: &str = "X-Coding-Delivery";
/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.username", "pusher.name", "sender.login", "user.global_key"];

impl Dialect for CodingVersion {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        match self {
            Self::V1 => Check::token_in_body(head.is_form().then_some(FORM_FIELD), secrets),
            Self::V2 => SIGNATURE.begin(head, secrets),
        }
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, EVENT)?;
        if word == "ping" {
            return Ok(Delivery::Ping);
        }
        let document = GithubDocument::read(document, delivery_id(head, &[DELIVERY]), PUSHERS)?;
        match (word, self) {
            ("push", Self::V1) => pushed(&document),
            // Nothing says how many commits the list may hold.
            ("push", Self::V2) => document.push(|_| false),
            _ => Ok(document.plain(other(word))),
        }
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-coding-event"])] }
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-coding-delivery"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-coding-event"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["version"]
    }

    fn strength(&self) -> Strength {
        match self {
            Self::V1 => Strength::SharedToken,
            Self::V2 => Strength::SignedBody,
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let mut push = github_shaped::push(sample);
        if let (Self::V1, Some(secret)) = (self, sample.secret) {
            push["token"] = String::from_utf8_lossy(secret.bytes()).into();
        }
        push
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        if wanted.what == SampleEvent::Ping {
            return Some((beside(&push, json!({ "zen": "a test by hookspool" })), "ping"));
        }
        github_shaped::moved(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = header(EVENT, sent.event);
        Ok(match self {
            Self::V1 => vec![event],
            Self::V2 => vec![event, header(DELIVERY, sent.delivery), SIGNATURE.sign(sent.secret, sent.body)],
        })
    }
}

/// A push of version 1: `ref` may be a short branch name, and the repository's name comes in parts.
fn pushed(document: &GithubDocument) -> Result<Delivery, NoEvent> {
    let reference = branch(&document.fields, "ref")?;
    let mut event: Event = document.event(EventKind::Push);
    event.repository = event.repository.or_else(|| document.name_in_parts());
    push(event, Some(reference), &document.fields)
}
