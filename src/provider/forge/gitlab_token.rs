//! Pure. Codeup, Tencent Git and CodeArts: the secret itself in a header, around a document in GitLab's shape.

use crate::model::{Delivery, Head};
use crate::provider::authenticity::{Check, Denied, Secret, Strength, required};
use crate::provider::body::Document;
use crate::provider::dialect::{CannotSign, Dialect, HeaderMark, SignedHeaders, ToSign, header};
use crate::provider::forge::gitlab_shape;
use crate::provider::forge::sample::{SampleBody, SampleOf, SamplePush, gitlab_shaped};
use crate::provider::malformed::NoEvent;
use jiff::Timestamp;
use serde_json::Value;

/// A forge of this kind.
pub(crate) struct TokenForge {
    /// Headers that can hold the token; the first that arrived decides.
    tokens: &'static [&'static str],
    /// Header with the event, where there is one.
    event: Option<&'static str>,
    delivery: Option<&'static str>,
    /// The same two in lower case.
    event_header: &'static [&'static str],
    delivery_header: &'static [&'static str],
    marks: &'static [HeaderMark],
}

/// Alibaba Cloud's Codeup.
pub(crate) const CODEUP: TokenForge = TokenForge {
    tokens: &["X-Codeup-Token"],
    event: Some("Codeup-Event"),
    delivery: None,
    event_header: &["codeup-event"],
    delivery_header: &[],
    marks: &[HeaderMark::by(&["codeup-event"])],
};
/// Tencent's Git, which repeats everything under GitLab's names.
pub(crate) const TENCENT_GIT: TokenForge = TokenForge {
    tokens: &["X-Token"],
    event: Some("X-Event"),
    delivery: Some("X-TRACE-ID"),
    event_header: &["x-event"],
    delivery_header: &["x-trace-id"],
    marks: &[HeaderMark::by(&["x-token", "x-event", "x-gitlab-event"])],
};
/// Huawei Cloud's CodeArts Repo, under its names of several years.
pub(crate) const CODEARTS: TokenForge = TokenForge {
    tokens: &["X-Repo-Token", "X-Auth-Token", "X-Devcloud-Token", "X-Gitlab-Token"],
    event: None,
    delivery: None,
    event_header: &[],
    delivery_header: &[],
    marks: &[HeaderMark::by(&["x-repo-token"])],
};

impl Dialect for TokenForge {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let arrived = |name: &&&str| head.headers.first(&name.to_ascii_lowercase()).is_some();
        let name = self.tokens.iter().find(arrived).unwrap_or(&self.tokens[0]);
        Check::token(name, required(head, name)?, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, NoEvent> {
        gitlab_shape::read(head, document, self.event, self.delivery.as_slice())
    }

    fn marks(&self) -> &'static [HeaderMark] {
        self.marks
    }

    fn imitates(&self) -> &'static [&'static str] {
        &["gitlab"]
    }

    fn delivery_headers(&self) -> &'static [&'static str] {
        self.delivery_header
    }

    fn kept_headers(&self) -> &'static [&'static str] {
        self.event_header
    }

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
        let token = header(self.tokens[0], String::from_utf8_lossy(sent.secret.bytes()));
        let event = self.event.map(|name| header(name, gitlab_shape::header_word(sent.event)));
        let delivery = self.delivery.map(|name| header(name, sent.delivery));
        Ok([token].into_iter().chain(event).chain(delivery).collect())
    }
}
