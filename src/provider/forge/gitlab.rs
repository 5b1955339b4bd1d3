//! Pure. GitLab, by its token (the secret itself in a header; the body is not signed) or by its signing token
//! (Standard Webhooks).

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{Check, Denied, Secret, Strength, required};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::forge::gitlab_shape;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, gitlab_shaped};
use crate::provider::forge::standard_webhooks::{HeaderNames, SECRET_PREFIX, WebhookKey};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

const TOKEN: &str = "X-Gitlab-Token";
const EVENT: &str = "X-Gitlab-Event";
const DELIVERY: &str = "Idempotency-Key";

/// GitLab's dialect.
pub(crate) struct Gitlab;

impl Dialect for Gitlab {
    /// The signature's header decides where it arrived, and no token beside it is a way around it. (The headers with
    /// id and time come with every delivery and mean nothing.) A signing token is never a token.
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        let is_signing = |secret: &Secret| secret.bytes().starts_with(SECRET_PREFIX.as_bytes());
        if head.headers.first(HeaderNames::STANDARD.signature).is_none() {
            let tokens: Vec<_> = secrets.iter().enumerate().filter(|(_, secret)| !is_signing(secret)).collect();
            if tokens.is_empty() && !secrets.is_empty() {
                return Err(Denied::Absent { header: HeaderNames::STANDARD.signature.to_owned() });
            }
            return Check::token_of(TOKEN, required(head, TOKEN)?, &tokens);
        }
        let signing = secrets.iter().enumerate().filter(|(_, secret)| is_signing(secret));
        let keys = signing
            .map(|(index, secret)| Ok((index, WebhookKey::hmac(secret)?)))
            .collect::<Result<Vec<_>, Denied>>()?;
        if keys.is_empty() && !secrets.is_empty() {
            return Err(Denied::Key { expected: "the signing token of this webhook, `whsec_…`" });
        }
        HeaderNames::STANDARD.begin(head, &keys, now)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        gitlab_shape::read(head, document, Some(EVENT), &[DELIVERY, HeaderNames::STANDARD.id])
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-gitlab-event"])] }
    }

    fn imitates(&self) -> &'static [&'static str] {
        &["standard-webhooks"]
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["idempotency-key", "webhook-id", "x-gitlab-event-uuid"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-gitlab-event"]
    }

    /// By a signing token more is signed than by a token.
    fn signed_part(&self, head: &Head) -> &'static str {
        let is_signed = head.headers.first(HeaderNames::STANDARD.signature).is_some();
        if is_signed { Strength::SignedBodyAndTime } else { self.strength() }.signed_part()
    }

    /// A token may be any text, a signing token is a key.
    fn check_key(&self, secret: &Secret) -> Result<(), Denied> {
        let is_signing = secret.bytes().windows(SECRET_PREFIX.len()).any(|part| part == SECRET_PREFIX.as_bytes());
        if !is_signing || secret.bytes().starts_with(SECRET_PREFIX.as_bytes()) {
            return if is_signing { WebhookKey::hmac(secret).map(|_| ()) } else { Ok(()) };
        }
        Err(Denied::Key { expected: "the token, or the signing token `whsec_…` alone" })
    }

    /// With a signing token it is more; but which of the two a hook has is known at GitLab only.
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
        let mut headers = vec![header(EVENT, gitlab_shape::header_word(sent.event)), header(DELIVERY, sent.delivery)];
        if sent.secret.bytes().starts_with(SECRET_PREFIX.as_bytes()) {
            headers.extend(HeaderNames::STANDARD.sign(sent)?);
        } else {
            headers.push(header(TOKEN, String::from_utf8_lossy(sent.secret.bytes())));
        }
        Ok(headers)
    }
}
