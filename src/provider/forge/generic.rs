//! Pure. Any service that signs the raw body with an HMAC, in a header that the configuration describes, or that sends
//! the secret in `Authorization`.
//!
//! GitHub's field names are understood where they are present. Every delivery is a push, or the deletion that its
//! fields show; without `ref` it is a push of nothing in particular. `ref` is a full name.

use crate::model::{Delivery, EventKind, Head};
use crate::provider::authenticity::{Algorithm, Authorization, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, SignedHeaders, ToSign, header};
use crate::provider::event::{id, push, reference};
use crate::provider::forge::github_shape::GithubDocument;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::malformed::Malformed;
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
pub(crate) fn read(head: &Head, document: Document<'_>, delivery_headers: &[&str]) -> Result<Delivery, Malformed> {
    said(&read_github_document(head, document, delivery_headers)?)
}

/// The fields of such a document.
pub(crate) fn read_github_document(
    head: &Head,
    document: Document<'_>,
    delivery_headers: &[&str],
) -> Result<GithubDocument, Malformed> {
    GithubDocument::read(head, document, delivery_headers, PUSHERS)
}

/// The delivery that they tell of.
pub(crate) fn said(document: &GithubDocument) -> Result<Delivery, Malformed> {
    let mut event = document.event(EventKind::Push);
    event.delivery = event.delivery.or_else(|| id(&document.fields, "id"));
    let named = document.fields.text_if_any("ref")?.is_some();
    let reference = named.then(|| reference(&document.fields, "ref")).transpose()?;
    push(event, reference, &document.fields)
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

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-github-delivery"]
    }

    fn is_open_scheme(&self) -> bool {
        true
    }

    fn settings(&self) -> &'static [&'static str] {
        &["signature", "authorization"]
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
        Ok(vec![header(DELIVERY, sent.delivery), proof])
    }
}
