//! Pure. Slack's scheme: HMAC-SHA256 over version, time and raw body. A form, as of a slash command, holds no document
//! and is a push of nothing in particular.

use super::clock::{SECOND_MS, SignedTime};
use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::sample::{Shaped, Wanted, hub_shaped};
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength, generic};
use crate::model::{Delivery, Event, EventKind, Head};
use jiff::Timestamp;
use serde_json::Value;

const SIGNATURE: HmacHeader<'static> =
    HmacHeader { name: "X-Slack-Signature", prefix: "v0=", algorithm: Algorithm::Sha256, encoding: Encoding::Hex };
const TIME: SignedTime = SignedTime { header: "X-Slack-Request-Timestamp", window_ms: 300 * SECOND_MS };

/// Slack asks for its challenge back, and a reply of ours never holds what the sender sent.
const NO_CHALLENGE: &str = "events of Slack are not answered as Slack wants; use a slash command or a button instead";

/// Slack's dialect.
pub(super) struct Slack;

impl Dialect for Slack {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let signed = SIGNATURE.signed(head, secrets)?;
        let (sent_s, time) = TIME.seconds(head)?;
        Ok(signed.after(b"v0:").after(time).after(b":").at(TIME.near_s(sent_s, now)).check())
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        if head.is_form() {
            return Ok(Event::new(EventKind::Push).into());
        }
        let hub = generic::read_hub(head, document, &[])?;
        if hub.facts.text("type") == Some("url_verification") {
            return Ok(Delivery::Ignored(NO_CHALLENGE.to_owned()));
        }
        generic::said(&hub)
    }

    fn strength(&self) -> Strength {
        Strength::SignedBodyAndTime
    }

    fn form_field(&self) -> Option<&'static str> {
        None
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        hub_shaped::push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        hub_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let time = sent.now.as_second().to_string();
        let signature = SIGNATURE.sign_parts(sent.secret, &[b"v0:", time.as_bytes(), b":", sent.body]);
        Ok(vec![header(TIME.header, time), signature])
    }
}
