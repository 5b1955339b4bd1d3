//! Pure. SourceHut: Ed25519 over the raw body and a nonce. The key is the instance's, not the user's: whoever has an
//! account there can have anything signed, also these very fields, since the body is the answer to a query of the
//! webhook's owner. A valid signature says that something happened, and the rest is for the `git fetch` to find out.

use crate::model::{Delivery, Event, EventKind, Head};
use crate::provider::authenticity::{Check, Denied, Secret, SignedBody, Strength, keys, required};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{commit, delivery_id, full_name, moved, name, other, reference, several, word};
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush};
use crate::provider::forge::standard_webhooks::PRIVATE_PREFIX;
use crate::provider::json::Fields;
use crate::provider::malformed::{Malformed, NoEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

const SIGNATURE: &str = "X-Payload-Signature";
const NO_KEY: Denied = Denied::Key { expected: "the public key of the instance, base64 of 32 bytes" };
const NONCE: &str = "X-Payload-Nonce";
const EVENT: &str = "X-Webhook-Event";
const DELIVERY: &str = "X-Webhook-Delivery";
/// Hex digits of a nonce. It follows the body without anything between, so with another length a byte of the body
/// could pass for one of the nonce.
const NONCE_DIGITS: usize = 16;
/// The fields that the query of the webhook has to ask for.
const QUERY: &str = "`data.webhook.updates` is missing: let the webhook's query ask for `webhook \
                     { updates { ref { name } old { id } new { id } } }`";

const WANTED: &[&str] = &[
    "data.webhook.repository.name",
    "data.webhook.repository.owner.canonicalName",
    "data.webhook.pusher.canonicalName",
    "data.webhook.updates[].ref.name",
    "data.webhook.updates[].old.id",
    "data.webhook.updates[].new.id",
];

/// SourceHut's dialect.
pub(crate) struct Sourcehut;

impl Dialect for Sourcehut {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let malformed = |header: &str, expected: &str| Denied::Malformed {
            header: header.to_owned(),
            expected: expected.to_owned(),
        };
        let signature = keys::signature(required(head, SIGNATURE)?);
        let signature = signature.ok_or_else(|| malformed(SIGNATURE, "base64 of 64 bytes"))?;
        let nonce = required(head, NONCE)?;
        if nonce.len() != NONCE_DIGITS || !nonce.iter().all(u8::is_ascii_hexdigit) {
            return Err(malformed(NONCE, "16 hex digits"));
        }
        if secrets.is_empty() {
            return Err(Denied::NoSecret);
        }
        let mut signed = SignedBody::new(SIGNATURE);
        for (index, secret) in secrets.iter().enumerate() {
            signed = signed.ed25519(index, &keys::public_key(secret, "").ok_or(NO_KEY)?, &signature);
        }
        Ok(Check::signed(signed.before(nonce)))
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, EVENT)?;
        let fields = Fields::read(WANTED, document)?;
        let event = |kind| Event {
            repository: full_name(
                &fields,
                "data.webhook.repository.owner.canonicalName",
                "data.webhook.repository.name",
            ),
            pusher: name(&fields, &["data.webhook.pusher.canonicalName"]),
            delivery: delivery_id(head, &[DELIVERY]),
            ..Event::new(kind)
        };
        if !word.eq_ignore_ascii_case("GIT_POST_RECEIVE") {
            return Ok(event(other(word)).into());
        }
        if fields.items("data.webhook.updates[].").is_none() {
            return Err(Malformed::new(QUERY).into());
        }
        several(&fields, "data.webhook.updates[].", |update| updated(event(EventKind::Push), update))
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark::by(&["x-payload-signature", "x-payload-nonce"])] }
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-webhook-delivery"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-webhook-event"]
    }

    fn check_key(&self, secret: &Secret) -> Result<(), Denied> {
        keys::public_key(secret, "").map(|_| ()).ok_or(NO_KEY)
    }

    fn strength(&self) -> Strength {
        Strength::InstanceKey
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        let (owner, name) = sample.owner_and_name();
        let update = json!({
            "ref": { "name": format!("refs/heads/{}", sample.branch) },
            "old": { "id": sample.before },
            "new": { "id": sample.after },
        });
        json!({ "data": { "webhook": {
            "event": "GIT_POST_RECEIVE",
            "repository": { "name": name, "owner": { "canonicalName": owner } },
            "pusher": { "canonicalName": sample.pusher },
            "updates": [update],
        } } })
    }

    fn sample(&self, wanted: &SampleOf<'_>, mut push: Value) -> SampleBody {
        let update = &mut push["data"]["webhook"]["updates"][0];
        update["ref"]["name"] = wanted.reference.as_str().into();
        match wanted.what {
            SampleEvent::Push if wanted.is_tag() => update["old"] = Value::Null,
            SampleEvent::Push => {}
            SampleEvent::Delete => update["new"] = Value::Null,
            _ => return None,
        }
        Some((push, "push"))
    }

    /// With a private key, which of a real instance nobody else has: `whsk_` and base64, so that no public key, which
    /// has the same length, passes for one.
    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        if !sent.secret.bytes().starts_with(PRIVATE_PREFIX.as_bytes()) {
            return Err(CannotSign("it is the public key of the instance, which alone has the private one"));
        }
        let key = keys::private_key(sent.secret, PRIVATE_PREFIX).ok_or(CannotSign("`whsk_` and base64 expected"))?;
        // Sixteen digits that differ from delivery to delivery.
        let nonce = format!("{:016x}", sent.now.as_nanosecond() & i128::from(u64::MAX));
        let signature = keys::sign(&key, &[sent.body, nonce.as_bytes()]);
        let event = if sent.event == "push" { "GIT_POST_RECEIVE" } else { sent.event };
        Ok(vec![
            header(EVENT, event),
            header(DELIVERY, sent.delivery),
            header(NONCE, nonce),
            header(SIGNATURE, signature),
        ])
    }
}

/// One element of `updates`. `old` is null for what was created, `new` for what was deleted.
fn updated(event: Event, update: &Fields) -> Result<Option<Event>, NoEvent> {
    let reference = reference(update, "data.webhook.updates[].ref.name")?;
    let before = commit(update, "data.webhook.updates[].old.id")?;
    let after = commit(update, "data.webhook.updates[].new.id")?;
    Ok(moved(event, Some(reference), before, after))
}
