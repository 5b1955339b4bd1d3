//! Pure. Gitea, Forgejo and Gogs: bare HMAC-SHA256 over the JSON document, which for a form is the decoded field.

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::event::{other, word};
use super::facts::Facts;
use super::hub::Hub;
use super::sample::{SampleEvent, Shaped, Wanted, beside, hub_shaped};
use super::signature::HmacHeader;
use super::{Algorithm, Check, Denied, Encoding, Malformed, SamplePush, Secret, Strength};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A member of the family, verified by its own headers only. Each also sends the headers of those that it stems
/// from, and GitHub's with another meaning; they never decide.
pub(super) struct Family {
    event: &'static str,
    delivery: &'static str,
    signature: &'static str,
    /// Sends `create` and no push for a new tag, and has no packages.
    is_gogs: bool,
}

pub(super) const GITEA: Family =
    Family { event: "X-Gitea-Event", delivery: "X-Gitea-Delivery", signature: "X-Gitea-Signature", is_gogs: false };
pub(super) const FORGEJO: Family = Family {
    event: "X-Forgejo-Event",
    delivery: "X-Forgejo-Delivery",
    signature: "X-Forgejo-Signature",
    is_gogs: false,
};
pub(super) const GOGS: Family =
    Family { event: "X-Gogs-Event", delivery: "X-Gogs-Delivery", signature: "X-Gogs-Signature", is_gogs: true };

/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.login", "pusher.username", "sender.login", "sender.username"];

/// Field of a form, or of a query, that holds the document.
const FORM_FIELD: &str = "payload";
/// Hooks of other types send a message for people instead of the event, signed like any other.
const CONVERTED: &str = "this webhook is of a type for a chat service or a package index; at the forge, add one of the type Gitea, Forgejo or Gogs instead";

impl Family {
    /// The headers of a delivery but for the signature.
    pub(super) fn unsigned(&self, sent: &Sent<'_>) -> SignedHeaders {
        vec![header(self.event, sent.event), header(self.delivery, sent.delivery)]
    }

    fn signature(&self) -> HmacHeader<'static> {
        HmacHeader { name: self.signature, prefix: "", algorithm: Algorithm::Sha256, encoding: Encoding::Hex }
    }
}

impl Dialect for Family {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let signed = self.signature().signed(head, secrets)?;
        Ok(if head.is_form() { signed.over_form_field(FORM_FIELD) } else { signed }.check())
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        let word = word(head, self.event)?;
        let hub = Hub::read(head, document, &[self.delivery], PUSHERS)?;
        if !["ref", "action", "repository.full_name"].iter().any(|path| hub.facts.has(path)) {
            return Ok(Delivery::Ignored(CONVERTED.to_owned()));
        }
        match word {
            "push" => hub.push(all_listed),
            // A deleted branch is announced by nothing else.
            "delete" => hub.deleted(),
            "create" if self.is_gogs && hub.facts.text("ref_type") == Some("tag") => hub.created_tag(),
            "pull_request" => hub.pull_request(word, "closed"),
            "release" => hub.release(),
            "package" => Ok(hub.package("created")),
            _ => Ok(hub.plain(other(word))),
        }
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        hub_shaped::push(sample)
    }

    /// A deletion is an event of its own, and the test a push that moves nothing.
    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        match wanted.what {
            SampleEvent::Push if wanted.is_tag() && self.is_gogs => {
                let mut created = short_ref(wanted);
                created["sha"] = wanted.after.into();
                Some((beside(&push, created), "create"))
            }
            SampleEvent::Delete => Some((beside(&push, short_ref(wanted)), "delete")),
            SampleEvent::Ping => Some((hub_shaped::still(wanted), "push")),
            SampleEvent::Package if self.is_gogs => None,
            SampleEvent::Package => {
                Some((beside(&push, json!({ "action": "created", "package": { "name": "test" } })), "package"))
            }
            _ => hub_shaped::github(wanted, push),
        }
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let mut headers = self.unsigned(sent);
        headers.push(self.signature().sign(sent.secret, sent.body));
        Ok(headers)
    }
}

/// Lists are cut at a number that the server's administrator chooses; newer versions tell the real number.
fn all_listed(facts: &Facts) -> bool {
    facts.commits().is_some_and(|commits| Some(commits.count) == facts.number("total_commits"))
}

/// The ref of a sample, as an event of its own names it.
fn short_ref(wanted: &Wanted<'_>) -> Value {
    json!({ "ref": wanted.short(), "ref_type": if wanted.is_tag() { "tag" } else { "branch" } })
}
