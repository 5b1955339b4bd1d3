//! Pure. Gitea, Forgejo and Gogs: bare HMAC-SHA256 over the JSON document, which for a form is the decoded field.

use crate::model::{Delivery, EventKind, Head, JobMeta};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{delivery_id, other, word};
use crate::provider::forge::github_shape::GithubDocument;
use crate::provider::forge::sample::{SampleBody, SampleEvent, SampleOf, SamplePush, beside, github_shaped};
use crate::provider::json::Fields;
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A member of the family, verified by its own headers only. Each also sends the headers of those that it stems
/// from, and GitHub's with another meaning; they never decide.
pub(crate) struct Family {
    event: &'static str,
    delivery: &'static str,
    signature: &'static str,
    marks: &'static [HeaderMark],
    /// Those that it stems from.
    imitates: &'static [&'static str],
    delivery_headers: &'static [&'static str],
    kept_headers: &'static [&'static str],
    /// Types of webhook that can have no secret.
    unsigned_types: &'static str,
    /// Sends `create` and no push for a new tag, and has no packages.
    is_gogs: bool,
}

pub(crate) const GITEA: Family = Family {
    event: "X-Gitea-Event",
    delivery: "X-Gitea-Delivery",
    signature: "X-Gitea-Signature",
    marks: &[HeaderMark::by(&["x-gitea-event"])],
    imitates: &["gogs", "github"],
    delivery_headers: &["x-gitea-delivery"],
    kept_headers: &["x-gitea-event", "x-gitea-event-type"],
    unsigned_types: " (a chat type has none: use the type Gitea)",
    is_gogs: false,
};
pub(crate) const FORGEJO: Family = Family {
    event: "X-Forgejo-Event",
    delivery: "X-Forgejo-Delivery",
    signature: "X-Forgejo-Signature",
    marks: &[HeaderMark::by(&["x-forgejo-event"])],
    imitates: &["gitea", "gogs", "github"],
    delivery_headers: &["x-forgejo-delivery"],
    kept_headers: &["x-forgejo-event"],
    unsigned_types: " (a chat type has none: use the type Forgejo)",
    is_gogs: false,
};
pub(crate) const GOGS: Family = Family {
    event: "X-Gogs-Event",
    delivery: "X-Gogs-Delivery",
    signature: "X-Gogs-Signature",
    marks: &[HeaderMark::by(&["x-gogs-event"])],
    imitates: &["github"],
    delivery_headers: &["x-gogs-delivery"],
    kept_headers: &["x-gogs-event"],
    unsigned_types: " (a chat type has none: use the type Gogs)",
    is_gogs: true,
};

/// Fields that can name the person.
const PUSHERS: &[&str] = &["pusher.login", "pusher.username", "sender.login", "sender.username"];

/// Field of a form, or of a query, that holds the document.
const FORM_FIELD: &str = "payload";
/// Hooks of other types send a message for people instead of the event. Their pages have no field for a secret, so that
/// only one whose secret was set otherwise comes as far as this.
const CONVERTED: &str = "this webhook is of a type for a chat service or a package index; at the forge, \
                         add one of the type Gitea, Forgejo or Gogs instead";

impl Family {
    /// The headers of a delivery but for the signature.
    pub(crate) fn unsigned(&self, sent: &ToSign<'_>) -> SignedHeaders {
        vec![header(self.event, sent.event), header(self.delivery, sent.delivery)]
    }

    fn signature(&self) -> HmacHeader<'static> {
        HmacHeader { name: self.signature, prefix: "", algorithm: Algorithm::Sha256, encoding: Encoding::Hex }
    }
}

impl Dialect for Family {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let signed = self.signature().signed(head, secrets)?;
        Ok(Check::signed(if head.is_form() { signed.over_form_field(FORM_FIELD) } else { signed }))
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, self.event)?;
        let document = GithubDocument::read(document, delivery_id(head, &[self.delivery]), PUSHERS)?;
        if !["ref", "action", "repository.full_name", "run.repository.full_name"]
            .iter()
            .any(|path| document.fields.has(path))
        {
            return Ok(Delivery::Ignored(CONVERTED.to_owned()));
        }
        match word {
            "push" => document.push(all_listed),
            // A deleted branch is announced by nothing else.
            "delete" => document.deleted(),
            "create" if self.is_gogs && document.fields.text("ref_type") == Some("tag") => document.created_tag(),
            "pull_request" => document.pull_request(word, "closed"),
            "release" => document.release(),
            "package" => Ok(document.package("created").into()),
            "status" => document.status(),
            "workflow_run" => document.workflow_run(),
            "action_run_success" | "action_run_recover" => document.action_run(word),
            _ => Ok(document.plain(other(word))),
        }
    }

    fn marks(&self) -> &'static [HeaderMark] {
        self.marks
    }

    fn imitates(&self) -> &'static [&'static str] {
        self.imitates
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        self.delivery_headers
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        self.kept_headers
    }

    fn settings(&self) -> &'static [&'static str] {
        if self.is_gogs { &[] } else { &["authorization", "allow_get"] }
    }

    fn ci_names_branch(&self) -> bool {
        false
    }

    fn unsigned_types(&self) -> &'static str {
        self.unsigned_types
    }

    fn signed_part(&self, head: &Head) -> &'static str {
        if head.is_form() { "the JSON inside the form" } else { self.strength().signed_part() }
    }

    /// Gogs sends `create` for a new tag, and Gitea's webhook of the type Gogs sends a push as well.
    fn announces_twice(&self, job: &JobMeta) -> bool {
        let is_tag = job.reference.as_ref().is_some_and(|name| name.tag().is_some());
        self.is_gogs && is_tag && job.event == EventKind::Push && job.before.is_none()
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        github_shaped::push(sample)
    }

    /// A deletion is an event of its own, and the test a push that moves nothing.
    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        match wanted.what {
            SampleEvent::Push if wanted.is_tag() && self.is_gogs => {
                let mut created = short_ref(wanted);
                created["sha"] = wanted.after.into();
                Some((beside(&push, created), "create"))
            }
            SampleEvent::Delete => Some((beside(&push, short_ref(wanted)), "delete")),
            SampleEvent::Ping => Some((github_shaped::still(wanted), "push")),
            SampleEvent::Released => None,
            SampleEvent::Package | SampleEvent::Ci if self.is_gogs => None,
            SampleEvent::Package => {
                Some((beside(&push, json!({ "action": "created", "package": { "name": "test" } })), "package"))
            }
            _ => github_shaped::github(wanted, push),
        }
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        let mut headers = self.unsigned(sent);
        headers.push(self.signature().sign(sent.secret, sent.body));
        Ok(headers)
    }
}

/// Lists are cut at a number that the server's administrator chooses; newer versions tell the real number.
fn all_listed(fields: &Fields) -> bool {
    fields.commits().is_some_and(|commits| Some(commits.count) == fields.number("total_commits"))
}

/// The ref of a sample, as an event of its own names it.
fn short_ref(wanted: &SampleOf<'_>) -> Value {
    json!({ "ref": wanted.short(), "ref_type": if wanted.is_tag() { "tag" } else { "branch" } })
}
