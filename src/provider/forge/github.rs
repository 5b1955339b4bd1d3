//! Pure. GitHub and GitHub Enterprise Server: HMAC-SHA256 over the raw body, also of a form.

use crate::model::{Delivery, EventKind, Head, JobMeta};
use crate::provider::authenticity::{Algorithm, Check, Denied, Encoding, HmacHeader, Secret, Strength};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::event::{delivery_id, other, word};
use crate::provider::forge::github_shape::GithubDocument;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, github_shaped};
use crate::provider::json::Fields;
use crate::provider::malformed::NoEvent;
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
pub(crate) struct Github;

impl Dialect for Github {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        SIGNATURE.begin_or(&LEGACY, head, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        let word = word(head, "X-GitHub-Event")?;
        if word == "ping" {
            return Ok(Delivery::Ping);
        }
        let document = GithubDocument::read(
            document,
            delivery_id(head, &["X-GitHub-Delivery"]),
            &["pusher.name", "sender.login"],
        )?;
        match word {
            "push" => document.push(all_listed),
            "pull_request" => document.pull_request(word, "closed"),
            "release" => document.release(),
            "package" | "registry_package" => Ok(document.package("published").into()),
            // Beside a push that says the same, unless the hook is not subscribed to pushes.
            "delete" => document.deleted(),
            "workflow_run" => document.workflow_run(),
            "check_suite" => document.check_suite(),
            "status" => document.status(),
            // Comes beside a push that says more.
            _ => Ok(document.plain(other(word))),
        }
    }

    fn marks(&self) -> &'static [HeaderMark] {
        const { &[HeaderMark { all: &["x-github-event"], none: &["x-gogs-delivery", "x-gitea-delivery"] }] }
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        &["x-github-delivery"]
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        &["x-github-event", "x-github-hook-id"]
    }

    /// A deletion is a push and a `delete`, a package a `package` and a `registry_package`, a release that is no
    /// pre-release is `published` and `released`.
    fn announces_twice(&self, job: &JobMeta) -> bool {
        matches!(job.event, EventKind::Delete | EventKind::Package | EventKind::Release | EventKind::Released)
    }

    fn strength(&self) -> Strength {
        Strength::SignedBody
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        github_shaped::push(sample)
    }

    fn sample(&self, wanted: &SampleOf<'_>, push: Value) -> SampleBody {
        github_shaped::github(wanted, push)
    }

    fn sign(&self, sent: &ToSign<'_>) -> Result<SignedHeaders, CannotSign> {
        Ok(vec![
            header("X-GitHub-Event", sent.event),
            header("X-GitHub-Delivery", sent.delivery),
            LEGACY.sign(sent.secret, sent.body),
            SIGNATURE.sign(sent.secret, sent.body),
        ])
    }
}

fn all_listed(fields: &Fields) -> bool {
    fields.commits().is_some_and(|commits| commits.count < COMMITS_LIMIT && commits.largest < PATHS_LIMIT)
}
