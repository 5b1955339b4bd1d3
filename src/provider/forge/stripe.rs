//! Pure. Stripe's scheme, which others use too: HMAC-SHA256 over time and raw body. The secret is the whole text, also
//! where it begins with `whsec_`.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{
    Algorithm, Check, Denied, Encoding, Mac, SECOND_MS, Secret, SignedBody, SignedTime, Strength, number, required,
};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::forge::open_payload::OpenPayload;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

const SIGNATURE: SignedTime<'static> = SignedTime { header: "Stripe-Signature", window_ms: 300 * SECOND_MS };
/// Most signatures in the header; there are several while a secret is rotated.
const SIGNATURES_LIMIT: usize = 16;
/// HMAC-SHA256.
const DIGEST_BYTES: usize = 32;

/// Stripe's dialect.
pub(crate) struct Stripe;

/// `t=<seconds>,v1=<hex>[,v1=<hex>…]`; other schemes, such as `v0` of test mode, do not count.
struct StripeSignature<'a> {
    time: &'a [u8],
    sent_s: u64,
    digests: Vec<Vec<u8>>,
}

impl<'a> StripeSignature<'a> {
    /// `None` unless there is one time, and so no doubt which one is signed, and at least one signature. A blank shows
    /// that a server joined two headers into one.
    fn read(value: &'a [u8]) -> Option<Self> {
        let (mut time, mut digests) = (None, Vec::new());
        for part in value.split(|&byte| byte == b',') {
            if part.contains(&b' ') {
                return None;
            }
            let at = part.iter().position(|&byte| byte == b'=')?;
            match (&part[..at], &part[at + 1..]) {
                (b"t", _) if time.is_some() => return None,
                (b"t", text) => time = Some((text, number(text)?)),
                (b"v1", text) => digests.push(Encoding::Hex.decode(text).filter(|d| d.len() == DIGEST_BYTES)?),
                _ => {}
            }
        }
        let (time, sent_s) = time?;
        (1..=SIGNATURES_LIMIT).contains(&digests.len()).then_some(Self { time, sent_s, digests })
    }
}

impl Dialect for Stripe {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let header = SIGNATURE.header;
        let expected = || "`t=` and seconds, then `v1=` and 64 hex digits".to_owned();
        let parts = StripeSignature::read(required(head, header)?)
            .ok_or_else(|| Denied::Malformed { header: header.to_owned(), expected: expected() })?;
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let mut signed = SignedBody::new(header);
        for (index, secret) in secrets.iter().enumerate() {
            signed = signed.hmac(index, Algorithm::Sha256, secret, parts.digests.clone());
        }
        Ok(Check::signed(signed.after(parts.time).after(b".").at(SIGNATURE.near_s(parts.sent_s, now))))
    }

    fn read(&self, _: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let payload = OpenPayload::read(document, None)?;
        let delivery = payload.id();
        payload.of_delivery(delivery).into_delivery()
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["stripe-signature"])] }
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

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let mut push = github_shaped::push(sample);
        push["id"] = sample.after.into();
        push
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let time = sent.now.as_second().to_string();
        let digest = Mac::digest(Algorithm::Sha256, sent.secret, &[time.as_bytes(), b".", sent.body]);
        Ok(vec![header(SIGNATURE.header, format!("t={time},v1={}", Encoding::Hex.encode(&digest)))])
    }
}
