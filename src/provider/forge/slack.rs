//! Pure. Slack's scheme: HMAC-SHA256 over version, time and raw body. A form, as of a slash command, holds no document
//! and is a push of nothing in particular.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{
    Algorithm, Check, Denied, Encoding, HmacHeader, SECOND_MS, Secret, SignedTime, Strength, UnsignedTest,
};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::forge::open_payload::OpenPayload;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

const SIGNATURE: HmacHeader<'static> =
    HmacHeader { name: "X-Slack-Signature", prefix: "v0=", algorithm: Algorithm::Sha256, encoding: Encoding::Hex };
const TIME: SignedTime<'static> = SignedTime { header: "X-Slack-Request-Timestamp", window_ms: 300 * SECOND_MS };

/// Slack asks for its challenge back, and a reply of ours never holds what the sender sent.
const NO_CHALLENGE: &str = "events of Slack are not answered as Slack wants; use a slash command or a button instead";

/// Slack's dialect.
pub(crate) struct Slack;

impl Dialect for Slack {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        if is_perhaps_a_test(head) {
            return Ok(Check::unsigned(UnsignedTest::new(SIGNATURE.name, "ssl_check", b"1")));
        }
        let signed = SIGNATURE.signed(head, secrets)?;
        let (sent_s, time) = TIME.seconds(head)?;
        Ok(Check::signed(signed.after(b"v0:").after(time).after(b":").at(TIME.near_s(sent_s, now))))
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        if head.is_form() {
            return Ok(Event::new(EventKind::Push).into());
        }
        let payload = OpenPayload::read(document, None)?;
        if payload.kind() == Some("url_verification") {
            return Ok(Delivery::Ignored(NO_CHALLENGE.to_owned()));
        }
        payload.into_delivery()
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-slack-signature"])] }
    }

    fn settings(&self) -> &'static [&'static str] {
        &["payload"]
    }

    fn strength(&self) -> Strength {
        Strength::SignedBodyAndTime
    }

    fn sends_again(&self) -> bool {
        true
    }

    fn form_field(&self) -> Option<&'static str> {
        None
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        github_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let time = sent.now.as_second().to_string();
        let signature = SIGNATURE.sign_parts(sent.secret, &[b"v0:", time.as_bytes(), b":", sent.body]);
        Ok(vec![header(TIME.header, time), signature])
    }
}

/// True for a short form without any signature: Slack looks at the certificate of a slash command's address in this
/// way.
fn is_perhaps_a_test(head: &Head) -> bool {
    let is_unsigned = head.headers.first("x-slack-signature").is_none();
    is_unsigned && head.is_form() && head.content_length.is_some_and(|bytes| bytes <= UnsignedTest::LIMIT_BYTES)
}
