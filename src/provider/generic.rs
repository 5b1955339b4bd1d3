//! Pure. Any service that signs the raw body with an HMAC, in a header that the configuration describes.
//!
//! GitHub's field names are understood where they are present. Every delivery is a push, or the deletion that its
//! fields show; without `ref` it is a push of nothing in particular. `ref` is a full name.

use super::dialect::{Dialect, Sent, header};
use super::event::{push, reference};
use super::hub::Hub;
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret};
use crate::model::{Delivery, EventKind, Head};
use jiff::Timestamp;
use std::io::Read;

/// How a `generic` sender signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenericScheme {
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

impl GenericScheme {
    fn signature(&self) -> HmacHeader<'_> {
        let Self { header, algorithm, encoding, prefix } = self;
        HmacHeader { name: header, prefix, algorithm: *algorithm, encoding: *encoding }
    }
}

impl Dialect for GenericScheme {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        self.signature().begin(head, secrets)
    }

    fn read(&self, head: &Head, document: &mut dyn Read) -> Result<Delivery, Malformed> {
        let hub = Hub::read(head, document, &[DELIVERY, "X-GitHub-Delivery"], PUSHERS)?;
        if hub.facts.text_if_any("ref")?.is_some() {
            let reference = reference(&hub.facts, "ref")?;
            return push(hub.event(EventKind::Push), Some(reference), &hub.facts);
        }
        push(hub.event(EventKind::Push), None, &hub.facts)
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> serde_json::Value {
        sample.hub_shaped()
    }

    fn sign(&self, sent: &Sent<'_>) -> Vec<(String, String)> {
        vec![header(DELIVERY, sent.delivery), self.signature().sign(sent.secret, sent.body)]
    }
}
