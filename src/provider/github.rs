//! Pure. GitHub and GitHub Enterprise Server: HMAC-SHA256 over the raw body, also of a form.

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::event::{other, word};
use super::facts::Facts;
use super::hub::Hub;
use super::sample::{Shaped, Wanted, hub_shaped};
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::Value;

const SIGNATURE: HmacHeader<'static> = HmacHeader {
    name: "X-Hub-Signature-256",
    prefix: "sha256=",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};
/// Decides only where the other did not arrive at all, as from a GitHub Enterprise Server before 2020. An HMAC with
/// SHA-1 cannot be forged either, but where both arrive the stronger one alone counts.
const LEGACY: HmacHeader<'static> =
    HmacHeader { name: "X-Hub-Signature", prefix: "sha1=", algorithm: Algorithm::Sha1, encoding: Encoding::Hex };
/// GitHub lists at most so many commits of a push; a full list may lack some.
const COMMITS_LIMIT: u64 = 2048;
/// GitHub lists at most so many paths of a commit (the limit of its commit API); a full list may lack some.
const PATHS_LIMIT: u64 = 3000;

/// GitHub's dialect.
pub(super) struct Github;

impl Dialect for Github {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        SIGNATURE.begin_or(&LEGACY, head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        let word = word(head, "X-GitHub-Event")?;
        if word == "ping" {
            return Ok(Delivery::Ping);
        }
        let hub = Hub::read(head, document, &["X-GitHub-Delivery"], &["pusher.name", "sender.login"])?;
        match word {
            "push" => hub.push(all_listed),
            "pull_request" => hub.pull_request(word, "closed"),
            "release" => hub.release(),
            "package" | "registry_package" => Ok(hub.package("published")),
            // Beside a push that says the same, unless the hook is not subscribed to pushes.
            "delete" => hub.deleted(),
            // Comes beside a push that says more.
            _ => Ok(hub.plain(other(word))),
        }
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        hub_shaped::push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        hub_shaped::github(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(vec![
            header("X-GitHub-Event", sent.event),
            header("X-GitHub-Delivery", sent.delivery),
            SIGNATURE.sign(sent.secret, sent.body),
        ])
    }
}

fn all_listed(facts: &Facts) -> bool {
    facts.commits().is_some_and(|commits| commits.count < COMMITS_LIMIT && commits.largest < PATHS_LIMIT)
}
