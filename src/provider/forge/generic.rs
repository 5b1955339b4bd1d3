//! Pure. Any service that signs the raw body with an HMAC, perhaps with the time, in a header that the configuration
//! describes, or that sends the secret in `Authorization` or another header.
//!
//! Every delivery is a push: see `open_payload`. The body may be anything; fields are read of it where it is JSON. Only
//! a header that the configuration names holds a delivery id.

use super::time_scheme::{TimePlace, TimeScheme};
use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{
    Algorithm, Authorization, Check, Denied, Encoding, HmacHeader, Secret, Strength, required,
};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign, header};
use crate::provider::event::delivery_id;
use crate::provider::forge::open_payload::OpenPayload;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

/// The proof that a `generic` sender gives of knowing the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenericScheme {
    /// By an HMAC of the body.
    Hmac(HmacScheme),
    /// By the secret itself, in `Authorization`.
    Authorization(Authorization),
    /// By the secret itself, in this header, lower case.
    Token(String),
}

/// An HMAC of the raw body in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HmacScheme {
    /// Header that holds the signature, lower case.
    pub header: String,
    /// HMAC's hash.
    pub algorithm: Algorithm,
    /// The writing of the digest.
    pub encoding: Encoding,
    /// The text before the digest, such as `sha256=`; may be empty.
    pub prefix: String,
    /// The time that is signed beside the body.
    pub time: Option<TimeScheme>,
}

impl HmacScheme {
    fn signature(&self) -> HmacHeader<'_> {
        let Self { header, algorithm, encoding, prefix, .. } = self;
        HmacHeader { name: header, prefix, algorithm: *algorithm, encoding: *encoding }
    }

    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let signed = self.signature().signed_by_one(head, secrets)?;
        let Some(time) = &self.time else { return Ok(Check::signed(signed)) };
        let sent = time.read(head, &self.header, now)?;
        Ok(Check::signed(signed.after(sent.before.as_bytes()).before(sent.after.as_bytes()).at(sent.clock)))
    }

    fn sign(&self, sent: &ToSign<'_>) -> SignedHeaders {
        let Some(time) = &self.time else { return vec![self.signature().sign(sent.secret, sent.body)] };
        let (before, after, text) = time.at(sent.now);
        let parts = [before.as_bytes(), sent.body, after.as_bytes()];
        let (name, signature) = self.signature().sign_parts(sent.secret, &parts);
        match &time.place {
            TimePlace::Header(own) => vec![header(own, text), header(name, signature)],
            TimePlace::Prefix(prefix) => vec![header(name, format!("{prefix}{text},{signature}"))],
        }
    }
}

impl Dialect for GenericScheme {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        match self {
            Self::Hmac(scheme) => scheme.begin(head, secrets, now),
            Self::Authorization(scheme) => scheme.begin(head, secrets),
            Self::Token(name) => Check::token(name, required(head, name)?, secrets),
        }
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let header = document.options.delivery_header.clone();
        let delivery = header.and_then(|header| delivery_id(head, &[&header]));
        let may_be_no_document = !head.is_json() && !document.options.github_payload;
        match OpenPayload::read(document, delivery.clone()) {
            Err(_) if may_be_no_document => Ok(Event { delivery, ..Event::new(EventKind::Push) }.into()),
            payload => payload?.into_delivery(),
        }
    }

    fn takes_any_body(&self) -> bool {
        true
    }

    fn is_open_scheme(&self) -> bool {
        true
    }

    fn settings(&self) -> &'static [&'static str] {
        &["signature", "authorization", "token_header", "payload", "delivery_header"]
    }

    fn strength(&self) -> Strength {
        match self {
            Self::Hmac(HmacScheme { time: Some(_), .. }) => Strength::SignedBodyAndTime,
            Self::Hmac(_) => Strength::SignedBody,
            Self::Authorization(_) | Self::Token(_) => Strength::SharedToken,
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        github_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(match self {
            Self::Hmac(scheme) => scheme.sign(sent),
            Self::Authorization(scheme) => vec![scheme.header(sent.secret)],
            Self::Token(name) => vec![header(name, String::from_utf8_lossy(sent.secret.bytes()))],
        })
    }
}
