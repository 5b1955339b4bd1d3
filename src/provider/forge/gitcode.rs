//! Pure. GitCode: HMAC-SHA256 over the raw body, or the secret itself in a header.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength, required};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::forge::gitlab_shape;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, gitlab_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

const SIGNATURE: HmacHeader<'static> = HmacHeader {
    name: "X-GitCode-Signature-256",
    prefix: "sha256=",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};
const TOKEN: &str = "X-GitCode-Token";
const EVENT: &str = "X-GitCode-Event";
const DELIVERY: &str = "X-GitCode-Delivery";

/// GitCode's dialect.
pub(crate) struct Gitcode;

impl Dialect for Gitcode {
    /// A signature that arrived decides, whatever token is beside it.
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let arrived = |name: &str| head.headers.first(&name.to_ascii_lowercase()).is_some();
        if !arrived(SIGNATURE.name) && arrived(TOKEN) {
            return Check::token(TOKEN, required(head, TOKEN)?, secrets);
        }
        SIGNATURE.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        gitlab_shape::read(head, document, Some(EVENT), &[DELIVERY])
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-gitcode-event"])] }
    }

    fn imitates(&self) -> &'static [&'static str] {
        &["gitlab"]
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-gitcode-delivery"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-gitcode-event"]
    }

    /// With a signature it is more; but which of the two a hook has is known at GitCode only.
    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        gitlab_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        gitlab_shaped::gitlab(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = header(EVENT, gitlab_shape::header_word(sent.event));
        Ok(vec![event, header(DELIVERY, sent.delivery), SIGNATURE.sign(sent.secret, sent.body)])
    }
}
