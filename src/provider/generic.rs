//! Pure. Any service that signs the raw body with an HMAC, in a header that the configuration describes, or that sends
//! the secret in `Authorization`.
//!
//! GitHub's field names are understood where they are present. Every delivery is a push, or the deletion that its
//! fields show; without `ref` it is a push of nothing in particular. `ref` is a full name.

use super::authorization::Authorization;
use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::event::{id, push, reference};
use super::hub::Hub;
use super::sample::{Shaped, Wanted, hub_shaped};
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, EventKind, Head};
use jiff::Timestamp;
use serde_json::Value;

/// How a `generic` sender shows that it knows the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenericScheme {
    /// By an HMAC of the body.
    Hmac(HmacScheme),
    /// By the secret itself, in `Authorization`.
    Authorization(Authorization),
}

/// An HMAC of the raw body in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HmacScheme {
    /// Header that holds the signature, lower case.
    pub header: String,
    /// HMAC's hash.
    pub algorithm: Algorithm,
    /// How the digest is written.
    pub encoding: Encoding,
    /// What stands before the digest, such as `sha256=`; may be empty.
    pub prefix: String,
}

const DELIVERY: &str = "X-Delivery-Id";
/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.name", "pusher.login", "pusher.username", "sender.login"];

impl HmacScheme {
    fn signature(&self) -> HmacHeader<'_> {
        let Self { header, algorithm, encoding, prefix } = self;
        HmacHeader { name: header, prefix, algorithm: *algorithm, encoding: *encoding }
    }
}

/// Reads a document of nobody in particular; the delivery id is in the first of `delivery_headers`, or its `id`.
pub(super) fn read(head: &Head, document: Document<'_>, delivery_headers: &[&str]) -> Result<Delivery, Malformed> {
    said(&read_hub(head, document, delivery_headers)?)
}

/// The facts of such a document.
pub(super) fn read_hub(head: &Head, document: Document<'_>, delivery_headers: &[&str]) -> Result<Hub, Malformed> {
    Hub::read(head, document, delivery_headers, PUSHERS)
}

/// What they say.
pub(super) fn said(hub: &Hub) -> Result<Delivery, Malformed> {
    let mut event = hub.event(EventKind::Push);
    event.delivery = event.delivery.or_else(|| id(&hub.facts, "id"));
    let named = hub.facts.text_if_any("ref")?.is_some();
    let reference = named.then(|| reference(&hub.facts, "ref")).transpose()?;
    push(event, reference, &hub.facts)
}

impl Dialect for GenericScheme {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        match self {
            Self::Hmac(scheme) => scheme.signature().begin(head, secrets),
            Self::Authorization(scheme) => scheme.begin(head, secrets),
        }
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        read(head, document, &[DELIVERY, "X-GitHub-Delivery"])
    }

    fn strength(&self) -> Strength {
        match self {
            Self::Hmac(_) => Strength::SignedBody,
            Self::Authorization(_) => Strength::SharedToken,
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        hub_shaped::push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        hub_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let proof = match self {
            Self::Hmac(scheme) => scheme.signature().sign(sent.secret, sent.body),
            Self::Authorization(scheme) => scheme.header(sent.secret),
        };
        Ok(vec![header(DELIVERY, sent.delivery), proof])
    }
}
