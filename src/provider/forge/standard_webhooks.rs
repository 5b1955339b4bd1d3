//! Pure. Standard Webhooks 1.0.0, also under the names of Svix: HMAC-SHA256 (`v1`) or Ed25519 (`v1a`) over id, time
//! and raw body.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{
    Algorithm, Check, Denied, Encoding, Mac, SECOND_MS, Secret, SignedBody, SignedTime, Strength, keys, required,
};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::delivery_id;
use crate::provider::forge::open_payload::OpenPayload;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::malformed::NoEvent;
use ed25519_dalek::{Signature, VerifyingKey};
use jiff::Timestamp;
use serde_json::Value;

/// The prefix of the base64 of a symmetric key.
pub(crate) const SECRET_PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";
pub(crate) const PRIVATE_PREFIX: &str = "whsk_";
/// Most signatures in a header; there are several while a sender's key is rotated.
const SIGNATURES_LIMIT: usize = 16;
/// HMAC-SHA256.
const DIGEST_BYTES: usize = 32;
const MARKS: [HeaderMark; 2] =
    [HeaderMark::by(&["webhook-signature", "webhook-id"]), HeaderMark::by(&["svix-signature", "svix-id"])];

/// Names of the three headers, in lower case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeaderNames {
    pub(crate) id: &'static str,
    pub(crate) time: SignedTime<'static>,
    pub(crate) signature: &'static str,
}

/// A configured key. Its kind decides which signatures count: whoever knows a public key could otherwise use it as a
/// symmetric one.
pub(crate) enum WebhookKey {
    Hmac(Secret),
    Ed25519(VerifyingKey),
}

/// The signatures in a header, by kind.
#[derive(Default)]
struct Signatures {
    digests: Vec<Vec<u8>>,
    ed25519: Vec<Signature>,
}

/// The dialect.
pub(crate) struct StandardWebhooks;

impl HeaderNames {
    pub(crate) const STANDARD: Self = Self::of("webhook-id", "webhook-timestamp", "webhook-signature");
    const SVIX: Self = Self::of("svix-id", "svix-timestamp", "svix-signature");

    const fn of(id: &'static str, time: &'static str, signature: &'static str) -> Self {
        Self { id, time: SignedTime { header: time, window_ms: 300 * SECOND_MS }, signature }
    }

    /// Starts the check; `keys` come with the index of their secret.
    pub(crate) fn begin(&self, head: &Head, keys: &[(usize, WebhookKey)], now: Timestamp) -> Result<Check, Denied> {
        let signatures = Signatures::read(self.signature, required(head, self.signature)?)?;
        let id = self.id(head)?;
        let (sent_s, time) = self.time.seconds(head)?;
        let mut signed = SignedBody::new(self.signature);
        for (index, key) in keys {
            signed = match key {
                WebhookKey::Hmac(key) => signed.hmac(*index, Algorithm::Sha256, key, signatures.digests.clone()),
                WebhookKey::Ed25519(key) => {
                    signatures.ed25519.iter().fold(signed, |signed, one| signed.ed25519(*index, key, one))
                }
            };
        }
        let before = [id, b".", time, b"."].concat();
        Ok(Check::signed(signed.after(&before).at(self.time.near_s(sent_s, now))))
    }

    /// The id, without a full stop: with one, the same signed bytes could be cut into other parts.
    fn id<'a>(&self, head: &'a Head) -> Result<&'a [u8], Denied> {
        let id = required(head, self.id)?;
        let expected = "an id without `.`".to_owned();
        if id.contains(&b'.') { Err(Denied::Malformed { header: self.id.to_owned(), expected }) } else { Ok(id) }
    }

    /// The three headers for `sent`.
    pub(crate) fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let time = sent.now.as_second().to_string();
        let parts = [sent.delivery.as_bytes(), b".", time.as_bytes(), b".", sent.body];
        let signature = WebhookKey::sign(sent.secret, &parts)?;
        Ok(vec![header(self.id, sent.delivery), header(self.time.header, time), header(self.signature, signature)])
    }
}

impl WebhookKey {
    /// The key in `secret`, by its prefix; without any it is a symmetric one.
    fn of(secret: &Secret) -> Result<Self, Denied> {
        if !secret.bytes().starts_with(PUBLIC_PREFIX.as_bytes()) {
            return Self::hmac(secret);
        }
        let key = keys::public_key(secret, PUBLIC_PREFIX).map(Self::Ed25519);
        key.ok_or(Denied::Key { expected: "`whpk_` and the base64 of 32 bytes" })
    }

    /// The symmetric key in `secret`.
    pub(crate) fn hmac(secret: &Secret) -> Result<Self, Denied> {
        let key = keys::hmac_key(secret, SECRET_PREFIX).map(Self::Hmac);
        key.ok_or(Denied::Key { expected: "`whsec_` or `whpk_` and base64" })
    }

    fn sign(secret: &Secret, parts: &[&[u8]]) -> Result<String, CannotSign> {
        if secret.bytes().starts_with(PUBLIC_PREFIX.as_bytes()) {
            return Err(CannotSign("`whpk_` is a public key; only the sender has the private one"));
        }
        if secret.bytes().starts_with(PRIVATE_PREFIX.as_bytes()) {
            let key = keys::private_key(secret, PRIVATE_PREFIX).ok_or(CannotSign("`whsk_` and base64 expected"))?;
            return Ok(format!("v1a,{}", keys::sign(&key, parts)));
        }
        let key = keys::hmac_key(secret, SECRET_PREFIX).ok_or(CannotSign("`whsec_` and base64 expected"))?;
        Ok(format!("v1,{}", Encoding::Base64.encode(&Mac::digest(Algorithm::Sha256, &key, parts))))
    }
}

impl Signatures {
    /// `v1,<base64> v1a,<base64> …`; other versions are passed over, as the specification asks.
    fn read(header: &str, value: &[u8]) -> Result<Self, Denied> {
        let expected = || "a list of `v1,` or `v1a,` and base64, at most 16".to_owned();
        let malformed = || Denied::Malformed { header: header.to_owned(), expected: expected() };
        let entries: Vec<_> = value.split(|&byte| byte == b' ').collect();
        if entries.len() > SIGNATURES_LIMIT {
            return Err(malformed());
        }
        let mut signatures = Self::default();
        for entry in entries {
            if let Some(text) = entry.strip_prefix(b"v1,") {
                let digest = Encoding::Base64.decode(text).filter(|digest| digest.len() == DIGEST_BYTES);
                signatures.digests.push(digest.ok_or_else(malformed)?);
            } else if let Some(text) = entry.strip_prefix(b"v1a,") {
                signatures.ed25519.push(keys::signature(text).ok_or_else(malformed)?);
            }
        }
        let none = signatures.digests.is_empty() && signatures.ed25519.is_empty();
        if none { Err(malformed()) } else { Ok(signatures) }
    }
}

impl Dialect for StandardWebhooks {
    fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let key = |(index, secret)| Ok((index, WebhookKey::of(secret)?));
        let keys = secrets.iter().enumerate().map(key).collect::<Result<Vec<_>, Denied>>()?;
        names(head).begin(head, &keys, now)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        OpenPayload::read(document, delivery_id(head, &[names(head).id]))?.into_delivery()
    }

    fn marks(&self) -> &'static [HeaderMark] {
        &MARKS
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["webhook-id", "svix-id"]
    }

    fn is_open_scheme(&self) -> bool {
        true
    }

    fn check_key(&self, secret: &Secret) -> Result<(), Denied> {
        WebhookKey::of(secret).map(|_| ())
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
        github_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::pushes_only(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        HeaderNames::STANDARD.sign(sent)
    }
}

/// The names that the delivery uses: never a mixture, and the standard's where both are there.
fn names(head: &Head) -> HeaderNames {
    let arrived = |names: &HeaderNames| head.headers.first(names.signature).is_some();
    if arrived(&HeaderNames::SVIX) && !arrived(&HeaderNames::STANDARD) {
        HeaderNames::SVIX
    } else {
        HeaderNames::STANDARD
    }
}
