//! Pure. Coding.net: HMAC-SHA1 over the raw body (version 2), or a token inside the document (version 1).

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::event::{branch, other, push, word};
use super::hub::Hub;
use super::sample::{SampleEvent, Shaped, Wanted, beside, hub_shaped};
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Event, EventKind, Head};
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

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        let word = word(head, EVENT)?;
        if word == "ping" {
            return Ok(Delivery::Ping);
        }
        let hub = Hub::read(head, document, &[DELIVERY], PUSHERS)?;
        match (word, self) {
            ("push", Self::V1) => pushed(&hub),
            // Nothing says how many commits the list may hold.
            ("push", Self::V2) => hub.push(|_| false),
            _ => Ok(hub.plain(other(word))),
        }
    }

    fn strength(&self) -> Strength {
        match self {
            Self::V1 => Strength::SharedToken,
            Self::V2 => Strength::SignedBody,
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let mut push = hub_shaped::push(sample);
        if let (Self::V1, Some(secret)) = (self, sample.secret) {
            push["token"] = String::from_utf8_lossy(secret.bytes()).into();
        }
        push
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        if wanted.what == SampleEvent::Ping {
            return Some((beside(&push, json!({ "zen": "a test by hookspool" })), "ping"));
        }
        hub_shaped::moved(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = header(EVENT, sent.event);
        Ok(match self {
            Self::V1 => vec![event],
            Self::V2 => vec![event, header(DELIVERY, sent.delivery), SIGNATURE.sign(sent.secret, sent.body)],
        })
    }
}

/// A push of version 1: `ref` may be a short branch name, and the repository's name comes in parts.
fn pushed(hub: &Hub) -> Result<Delivery, Malformed> {
    let reference = branch(&hub.facts, "ref")?;
    let mut event: Event = hub.event(EventKind::Push);
    event.repository = event.repository.or_else(|| hub.name_in_parts());
    push(event, Some(reference), &hub.facts)
}
