//! Pure. GitHub and GitHub Enterprise Server: HMAC-SHA256 over the raw body, also of a form.

use super::dialect::{Dialect, Sent, header};
use super::event::{other, word};
use super::facts::Facts;
use super::hub::Hub;
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use std::io::Read;

const SIGNATURE: HmacHeader<'static> = HmacHeader {
    name: "X-Hub-Signature-256",
    prefix: "sha256=",
    algorithm: Algorithm::Sha256,
    encoding: Encoding::Hex,
};
/// HMAC-SHA1. GitHub has sent it beside the other since 2020; alone, it can only mean that somebody took the other
/// away, so it never decides.
const LEGACY: &str = "X-Hub-Signature";
/// GitHub lists at most so many commits of a push; a full list may lack some.
const COMMITS_LIMIT: u64 = 2048;
/// GitHub lists at most so many paths of a commit (the limit of its commit API); a full list may lack some.
const PATHS_LIMIT: u64 = 3000;

/// GitHub's dialect.
pub(super) struct Github;

impl Dialect for Github {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let present = |name: &str| head.headers.first(&name.to_ascii_lowercase()).is_some_and(|v| !v.is_empty());
        if head.headers.first("x-hub-signature-256").is_none() && present(LEGACY) {
            let hint = "SHA-1 only; for a server that sends no other, use provider `generic` with this header";
            return Err(Denied::Weak { header: SIGNATURE.name, weak: LEGACY, hint });
        }
        SIGNATURE.begin(head, secrets)
    }

    fn read(&self, head: &Head, document: &mut dyn Read) -> Result<Delivery, Malformed> {
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
            // `create` and `delete` come in addition to a push that says more.
            _ => Ok(hub.plain(other(word))),
        }
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> serde_json::Value {
        sample.hub_shaped()
    }

    fn sign(&self, sent: &Sent<'_>) -> Vec<(String, String)> {
        vec![
            header("X-GitHub-Event", sent.event),
            header("X-GitHub-Delivery", sent.delivery),
            SIGNATURE.sign(sent.secret, sent.body),
        ]
    }
}

fn all_listed(facts: &Facts) -> bool {
    facts.commits().is_some_and(|commits| commits.count < COMMITS_LIMIT && commits.largest < PATHS_LIMIT)
}
