//! Pure. GitLab, by its token (the secret itself in a header; the body is not signed) or by its signing token
//! (Standard Webhooks).

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::sample::{Shaped, Wanted, lab_shaped};
use super::signature::required;
use super::standard_webhooks::{Key, Names, SECRET_PREFIX};
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength, lab};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::Value;

const TOKEN: &str = "X-Gitlab-Token";
const EVENT: &str = "X-Gitlab-Event";
const DELIVERY: &str = "Idempotency-Key";

/// GitLab's dialect.
pub(super) struct Gitlab;

impl Dialect for Gitlab {
    /// Where the signature's header arrived, it decides, and no token beside it is a way around it. (The headers with
    /// id and time come with every delivery and mean nothing.) A signing token is never a token.
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let is_signing = |secret: &Secret| secret.bytes().starts_with(SECRET_PREFIX.as_bytes());
        if head.headers.first(Names::STANDARD.signature).is_none() {
            let tokens: Vec<_> = secrets.iter().enumerate().filter(|(_, secret)| !is_signing(secret)).collect();
            if tokens.is_empty() && !secrets.is_empty() {
                return Err(Denied::Absent { header: Names::STANDARD.signature.to_owned() });
            }
            return Check::token_of(TOKEN, required(head, TOKEN)?, &tokens);
        }
        let signing = secrets.iter().enumerate().filter(|(_, secret)| is_signing(secret));
        let keys =
            signing.map(|(index, secret)| Ok((index, Key::hmac(secret)?))).collect::<Result<Vec<_>, Denied>>()?;
        if keys.is_empty() && !secrets.is_empty() {
            return Err(Denied::Key { expected: "the signing token of this webhook, `whsec_…`" });
        }
        Names::STANDARD.begin(head, &keys, now)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        lab::read(head, document, Some(EVENT), &[DELIVERY, Names::STANDARD.id])
    }

    /// With a signing token it is more; but which of the two a hook has is known at GitLab only.
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
        let mut headers = vec![header(EVENT, lab::header_word(sent.event)), header(DELIVERY, sent.delivery)];
        if sent.secret.bytes().starts_with(SECRET_PREFIX.as_bytes()) {
            headers.extend(Names::STANDARD.sign(sent)?);
        } else {
            headers.push(header(TOKEN, String::from_utf8_lossy(sent.secret.bytes())));
        }
        Ok(headers)
    }
}
