//! Pure. Who sends deliveries, what they sign, and what they say. Knows bytes and headers only.
//!
//! One file for each provider says which header, which bytes, which fields (`Dialect`); what several share is in
//! `signature` (digests in headers), `form` (decoding), `facts` (picking fields out of JSON), `event` (checking
//! them) and `hub` (the shape that most forges took over from GitHub).
//!
//! A delivery passes through `Provider::begin`, `Check::update` and `Check::finish`, which makes the `Verified` that
//! `Provider::read` asks for: nothing of a body is understood before it is known to be authentic. (A token inside
//! the body is the exception: that one field is looked for first.)

mod bounded;
mod check;
mod coding;
mod commits;
mod denied;
mod dialect;
mod document;
mod event;
mod facts;
mod form;
mod generic;
mod gitea;
mod gitee;
mod github;
mod gitlab;
mod hub;
mod lenient;
mod malformed;
mod pointer;
mod secret;
mod signature;

pub use check::{Check, Verified};
pub use coding::CodingVersion;
pub use denied::Denied;
pub use dialect::SamplePush;
pub use form::FormError;
pub use generic::GenericScheme;
pub use malformed::Malformed;
pub use pointer::{NotAPointer, PICKED_LIMIT_BYTES, Picked, Pointer, pick};
pub use secret::Secret;
pub use signature::{Algorithm, Encoding};

use crate::model::{Delivery, Head};
use dialect::{Dialect, Sent};
use jiff::Timestamp;
use std::io::Read;

/// A provider, with whatever its scheme needs to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// GitHub and GitHub Enterprise Server.
    Github,
    /// Gitea.
    Gitea,
    /// Forgejo and Codeberg.
    Forgejo,
    /// Gogs.
    Gogs,
    /// GitLab, by `X-Gitlab-Token`.
    Gitlab,
    /// Gitee, by password or signature.
    Gitee,
    /// Coding.net, version 2 (signature) or 1 (token in the body).
    Coding(CodingVersion),
    /// Any service that signs the body with an HMAC.
    Generic(GenericScheme),
}

impl Provider {
    /// All providers, as the configuration names them.
    pub const NAMES: [&str; 8] = ["github", "gitea", "forgejo", "gogs", "gitlab", "gitee", "coding", "generic"];

    /// Its name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
            Self::Gogs => "gogs",
            Self::Gitlab => "gitlab",
            Self::Gitee => "gitee",
            Self::Coding(_) => "coding",
            Self::Generic(_) => "generic",
        }
    }

    fn dialect(&self) -> &dyn Dialect {
        match self {
            Self::Github => &github::Github,
            Self::Gitea => &gitea::GITEA,
            Self::Forgejo => &gitea::FORGEJO,
            Self::Gogs => &gitea::GOGS,
            Self::Gitlab => &gitlab::Gitlab,
            Self::Gitee => &gitee::Gitee,
            Self::Coding(version) => version,
            Self::Generic(scheme) => scheme,
        }
    }

    /// Starts the check of a delivery by its headers alone; an error comes before a byte of the body is read.
    /// All `secrets` count, as while one is rotated.
    pub fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        self.dialect().begin(head, secrets, now)
    }

    /// What a verified delivery says. Reads `body` to its end, from its start, in little memory whatever its size.
    pub fn read(&self, head: &Head, _: &Verified, body: &mut dyn Read) -> Result<Delivery, Malformed> {
        self.dialect().read(head, &mut *self.document(head.is_form(), body))
    }

    /// As `read`, of a delivery that nobody has verified: for words on it, and for nothing else.
    pub fn read_unverified(&self, head: &Head, body: &mut dyn Read) -> Result<Delivery, Malformed> {
        self.dialect().read(head, &mut *self.document(head.is_form(), body))
    }

    /// The JSON document of a body as a stream: the body itself, or the decoded field of a form. A form that is
    /// not well-formed ends in an `InvalidData` error.
    pub fn document<'a>(&self, is_form: bool, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
        document::open(is_form.then_some(self.dialect().form_field()), body)
    }

    /// The JSON body of a push as this provider would send it.
    pub fn sample_push(&self, sample: &SamplePush<'_>) -> Vec<u8> {
        self.dialect().sample_push(sample).to_string().into_bytes()
    }

    /// The headers of a delivery of the JSON `body`, in wire spelling, with its signature and `Content-Type`.
    /// `event` is `push`, or another event as the provider spells it.
    pub fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        event: &str,
        delivery: &str,
        now: Timestamp,
    ) -> Vec<(String, String)> {
        let mut headers = self.dialect().sign(&Sent { secret, body, event, delivery, now });
        headers.insert(0, dialect::header("Content-Type", "application/json"));
        headers
    }
}

#[cfg(test)]
mod tests;
