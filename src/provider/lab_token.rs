//! Pure. Codeup, Tencent Git and CodeArts: the secret itself in a header, around a document in GitLab's shape.

use super::dialect::{CannotSign, Dialect, Sent, SignedHeaders, header};
use super::document::Document;
use super::sample::{Shaped, Wanted, lab_shaped};
use super::signature::required;
use super::{Check, Denied, Malformed, SamplePush, Secret, Strength, lab};
use crate::model::{Delivery, Head};
use jiff::Timestamp;
use serde_json::Value;

/// A forge of this kind.
pub(super) struct LabToken {
    /// Headers that can hold the token; the first that arrived decides.
    tokens: &'static [&'static str],
    /// Header with the event, where there is one.
    event: Option<&'static str>,
    delivery: Option<&'static str>,
}

/// Alibaba Cloud's Codeup.
pub(super) const CODEUP: LabToken =
    LabToken { tokens: &["X-Codeup-Token"], event: Some("Codeup-Event"), delivery: None };
/// Tencent's Git, which repeats everything under GitLab's names.
pub(super) const TENCENT_GIT: LabToken =
    LabToken { tokens: &["X-Token"], event: Some("X-Event"), delivery: Some("X-TRACE-ID") };
/// Huawei Cloud's CodeArts Repo, under its names of several years.
pub(super) const CODEARTS: LabToken = LabToken {
    tokens: &["X-Repo-Token", "X-Auth-Token", "X-Devcloud-Token", "X-Gitlab-Token"],
    event: None,
    delivery: None,
};

impl Dialect for LabToken {
    fn begin(&self, head: &Head, secrets: &[Secret], _: Timestamp) -> Result<Check, Denied> {
        let arrived = |name: &&&str| head.headers.first(&name.to_ascii_lowercase()).is_some();
        let name = self.tokens.iter().find(arrived).unwrap_or(&self.tokens[0]);
        Check::token(name, required(head, name)?, secrets)
    }

    fn read(&self, head: &Head, document: Document<'_>) -> Result<Delivery, Malformed> {
        lab::read(head, document, self.event, self.delivery.as_slice())
    }

    fn strength(&self) -> Strength {
        Strength::SharedToken
    }

    fn sample_push(&self, sample: &SamplePush<'_>) -> Value {
        lab_shaped::push(sample)
    }

    fn sample(&self, wanted: &Wanted<'_>, push: Value) -> Shaped {
        lab_shaped::gitlab(wanted, push)
    }

    fn sign(&self, sent: &Sent<'_>) -> Result<SignedHeaders, CannotSign> {
        let token = header(self.tokens[0], String::from_utf8_lossy(sent.secret.bytes()));
        let event = self.event.map(|name| header(name, lab::header_word(sent.event)));
        let delivery = self.delivery.map(|name| header(name, sent.delivery));
        Ok([token].into_iter().chain(event).chain(delivery).collect())
    }
}
