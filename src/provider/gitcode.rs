//! Pure. GitCode: HMAC-SHA256 over the raw body, or the secret itself in a header.

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::sample::{Shaped, Wanted, lab_shaped};
use super::signature::{HmacHeader, required};
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength, lab};
use crate::model::{Delivery, Head};
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
pub(super) struct Gitcode;

impl Dialect for Gitcode {
    /// A signature that arrived decides, whatever token is beside it.
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let arrived = |name: &str| head.headers.first(&name.to_ascii_lowercase()).is_some();
        if !arrived(SIGNATURE.name) && arrived(TOKEN) {
            return Check::token(TOKEN, required(head, TOKEN)?, secrets);
        }
        SIGNATURE.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        lab::read(head, document, Some(EVENT), &[DELIVERY])
    }

    /// With a signature it is more; but which of the two a hook has is known at GitCode only.
    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        lab_shaped::push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        lab_shaped::gitlab(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let event = header(EVENT, lab::header_word(sent.event));
        Ok(vec![event, header(DELIVERY, sent.delivery), SIGNATURE.sign(sent.secret, sent.body)])
    }
}
