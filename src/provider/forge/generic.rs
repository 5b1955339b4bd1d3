//! Pure. Any service that signs the raw body with an HMAC, in a header that the configuration describes, or that sends
//! the secret in `Authorization`.
//!
//! Every delivery is a push: see `open_payload`. Only a header that the configuration names holds a delivery id.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{Algorithm, Authorization, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign};
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
}

impl HmacScheme {
    fn signature(&self) -> HmacHeader<'_> {
        let Self { header, algorithm, encoding, prefix } = self;
        HmacHeader { name: header, prefix, algorithm: *algorithm, encoding: *encoding }
    }
}

impl Dialect for GenericScheme {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        match self {
            Self::Hmac(scheme) => scheme.signature().begin(head, secrets),
            Self::Authorization(scheme) => scheme.begin(head, secrets),
        }
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let header = document.options.delivery_header.clone();
        let delivery = header.and_then(|header| delivery_id(head, &[&header]));
        OpenPayload::read(document, delivery)?.into_delivery()
    }

    fn is_open_scheme(&self) -> bool {
        true
    }

    fn settings(&self) -> &'static [&'static str] {
        &["signature", "authorization", "payload", "delivery_header"]
    }

    fn strength(&self) -> Strength {
        match self {
            Self::Hmac(_) => Strength::SignedBody,
            Self::Authorization(_) => Strength::SharedToken,
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        github_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let proof = match self {
            Self::Hmac(scheme) => scheme.signature().sign(sent.secret, sent.body),
            Self::Authorization(scheme) => scheme.header(sent.secret),
        };
        Ok(vec![proof])
    }
}
