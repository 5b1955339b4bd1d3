//! Pure. Who sends deliveries, what they sign, and what they say. Knows bytes and headers only.
//!
//! One file for each provider says which header, which bytes, which fields (`Dialect`), and what `send` makes of
//! them; what several share is in `signature` (digests in headers), `form` (decoding), `facts` (picking fields out of
//! JSON), `event` (checking them), `hub` and `lab` (the shapes that most forges took over from GitHub and GitLab),
//! `signed` (bodies that are signed while they arrive) and `clock` (times that are signed).
//!
//! A new one is its file and its lines below: `mod`, variant, `ALL` and `entry`. Headers of its own also want their line
//! in `intake/detect.rs` and `intake/spooled_headers.rs`, where the order and the caution of the whole list count.
//!
//! A delivery passes through `Provider::begin`, `Check::update` and `Check::finish`, which makes the `Verified` that
//! `Provider::read` asks for: nothing of a body is understood before it is known to be authentic. (A token inside
//! the body is the exception: that one field is looked for first.)

mod authorization;
mod azure_devops;
mod bitbucket;
mod bitbucket_server;
mod bounded;
mod check;
mod clock;
mod coding;
mod commits;
mod denied;
mod dialect;
mod docker_hub;
mod document;
mod event;
mod facts;
mod form;
mod generic;
mod gitcode;
mod gitea;
mod gitea_authorization;
mod gitee;
mod github;
mod gitlab;
mod harbor;
mod hub;
mod keys;
mod lab;
mod lab_token;
mod lenient;
mod malformed;
mod pagure;
mod pointer;
mod sample;
mod secret;
mod signature;
mod signed;
mod slack;
mod sourcehut;
mod standard_webhooks;
mod strength;
mod stripe;
mod watched;

pub use authorization::Authorization;
pub use check::{Check, Verified};
pub use coding::CodingVersion;
pub use denied::Denied;
pub use dialect::CannotSign;
pub use form::FormError;
pub use generic::{GenericScheme, HmacScheme};
pub use gitea_authorization::GiteaAuthorization;
pub use malformed::{Malformed, Unreadable};
pub use pointer::{NotAPointer, PICKED_LIMIT_BYTES, Picked, Pointer, pick};
pub use sample::{Sample, SampleEvent, SamplePush};
pub use secret::Secret;
pub use signature::{Algorithm, Encoding};
pub use strength::Strength;
pub use watched::again;

use crate::model::{Delivery, Head, RefName};
use dialect::{Dialect, Sent};
use document::Document;
use jiff::Timestamp;
use sample::Wanted;
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
    /// Gitea or Forgejo by `Authorization`, in place of the signature.
    GiteaAuthorization(GiteaAuthorization),
    /// Gogs.
    Gogs,
    /// GitLab, by token or signing token.
    Gitlab,
    /// Gitee, by password or signature.
    Gitee,
    /// Coding.net, version 2 (signature) or 1 (token in the body).
    Coding(CodingVersion),
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Server and Data Center.
    BitbucketServer,
    /// Azure DevOps, by `Authorization: Basic`.
    AzureDevops,
    /// SourceHut, by the public key of the instance.
    Sourcehut,
    /// Pagure.
    Pagure,
    /// GitCode, by signature or token.
    Gitcode,
    /// Alibaba Cloud's Codeup.
    Codeup,
    /// Tencent's Git.
    TencentGit,
    /// Huawei Cloud's CodeArts Repo.
    Codearts,
    /// Docker Hub, by a secret URL.
    DockerHub,
    /// Harbor, by the text of `Authorization`.
    Harbor,
    /// Standard Webhooks, by HMAC or Ed25519.
    StandardWebhooks,
    /// Stripe's scheme.
    Stripe,
    /// Slack's scheme.
    Slack,
    /// Any service that signs the body with an HMAC, or sends the secret in `Authorization`.
    Generic(GenericScheme),
}

impl Provider {
    /// One of each, in the order of the configuration's hints; the last two need settings, and stand here with some.
    pub const ALL: &'static [Self; 22] = &[
        Self::Github,
        Self::Gitea,
        Self::Forgejo,
        Self::Gogs,
        Self::Gitlab,
        Self::Gitee,
        Self::Bitbucket,
        Self::BitbucketServer,
        Self::AzureDevops,
        Self::Sourcehut,
        Self::Pagure,
        Self::Gitcode,
        Self::Codeup,
        Self::TencentGit,
        Self::Codearts,
        Self::DockerHub,
        Self::Harbor,
        Self::StandardWebhooks,
        Self::Stripe,
        Self::Slack,
        Self::Coding(CodingVersion::V2),
        Self::Generic(GenericScheme::Authorization(Authorization::Bearer)),
    ];

    /// Their names in the configuration.
    pub const NAMES: [&'static str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = Self::ALL[index].name();
            index += 1;
        }
        names
    };

    /// The provider of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|provider| provider.name() == name)
    }

    /// Its name in the configuration.
    pub const fn name(&self) -> &'static str {
        self.entry().0
    }

    fn dialect(&self) -> &dyn Dialect {
        self.entry().1
    }

    /// Its name, and its file.
    const fn entry(&self) -> (&'static str, &dyn Dialect) {
        match self {
            Self::Github => ("github", &github::Github),
            Self::Gitea => ("gitea", &gitea::GITEA),
            Self::Forgejo => ("forgejo", &gitea::FORGEJO),
            Self::GiteaAuthorization(which) => (if which.forgejo { "forgejo" } else { "gitea" }, which),
            Self::Gogs => ("gogs", &gitea::GOGS),
            Self::Gitlab => ("gitlab", &gitlab::Gitlab),
            Self::Gitee => ("gitee", &gitee::Gitee),
            Self::Coding(version) => ("coding", version),
            Self::Bitbucket => ("bitbucket", &bitbucket::Bitbucket),
            Self::BitbucketServer => ("bitbucket-server", &bitbucket_server::BitbucketServer),
            Self::AzureDevops => ("azure-devops", &azure_devops::AzureDevops),
            Self::Sourcehut => ("sourcehut", &sourcehut::Sourcehut),
            Self::Pagure => ("pagure", &pagure::Pagure),
            Self::Gitcode => ("gitcode", &gitcode::Gitcode),
            Self::Codeup => ("codeup", &lab_token::CODEUP),
            Self::TencentGit => ("tencent-git", &lab_token::TENCENT_GIT),
            Self::Codearts => ("codearts", &lab_token::CODEARTS),
            Self::DockerHub => ("docker-hub", &docker_hub::DockerHub),
            Self::Harbor => ("harbor", &harbor::Harbor),
            Self::StandardWebhooks => ("standard-webhooks", &standard_webhooks::StandardWebhooks),
            Self::Stripe => ("stripe", &stripe::Stripe),
            Self::Slack => ("slack", &slack::Slack),
            Self::Generic(scheme) => ("generic", scheme),
        }
    }

    /// Whether it delivers again by itself when the answer was late or bad. The others do so only when a person asks for
    /// it, and then mean it.
    pub fn sends_again(&self) -> bool {
        self.dialect().sends_again()
    }

    /// What its check proves at least.
    pub fn strength(&self) -> Strength {
        self.dialect().strength()
    }

    /// Whether its secret is the last part of the URL's path, behind the part that names the hook.
    pub fn secret_in_path(&self) -> bool {
        self.dialect().secret_in_path()
    }

    /// Whether this is a test that the provider sends without a signature. It may be answered, and never become a job.
    pub fn is_unsigned_test(&self, head: &Head) -> bool {
        self.dialect().is_unsigned_test(head)
    }

    /// Starts the check of a delivery by its headers alone; an error comes before a byte of the body is read.
    /// All `secrets` count, as while one is rotated.
    pub fn begin(&self, head: &Head, secrets: &[Secret], now: Timestamp) -> Result<Check, Denied> {
        self.dialect().begin(head, secrets, now)
    }

    /// What a verified delivery says. Reads `body` to its end, from its start, in little memory whatever its size. The
    /// changed paths are left out unless the caller wants them.
    pub fn read(
        &self,
        head: &Head,
        _: &Verified,
        body: &mut dyn Read,
        keep_paths: bool,
    ) -> Result<Delivery, Unreadable> {
        again(body, |body| self.read_document(head, body, keep_paths))
    }

    /// As `read`, of a delivery that nobody has verified: for words on it, and for nothing else.
    pub fn read_unverified(&self, head: &Head, body: &mut dyn Read) -> Result<Delivery, Malformed> {
        self.read_document(head, body, true)
    }

    fn read_document(&self, head: &Head, body: &mut dyn Read, keep_paths: bool) -> Result<Delivery, Malformed> {
        self.dialect().read(head, Document::new(self.document(head.is_form(), body), keep_paths))
    }

    /// The JSON document of a body as a stream: the body itself, or the decoded field of a form. A form that is
    /// not well-formed ends in an `InvalidData` error.
    pub fn document<'a>(&self, is_form: bool, body: &'a mut dyn Read) -> Box<dyn Read + 'a> {
        document::open(self.dialect().form_field().filter(|_| is_form), body)
    }

    /// What stands at each of `pointers` in that document, and nothing where a form holds none.
    pub fn pick(&self, pointers: &[&Pointer], is_form: bool, body: &mut dyn Read) -> Result<Vec<Picked>, Malformed> {
        if is_form && self.dialect().form_field().is_none() {
            return Ok(vec![Picked::Absent; pointers.len()]);
        }
        pick(pointers, self.document(is_form, body))
    }

    /// The JSON body of a push as this provider would send it.
    pub fn sample_push(&self, sample: &SamplePush<'_>) -> Vec<u8> {
        self.dialect().sample_push(sample).to_string().into_bytes()
    }

    /// A delivery that tells of `what` happened to `reference`; `None` when this provider tells of no such thing.
    pub fn sample(&self, what: SampleEvent, reference: &RefName, push: &SamplePush<'_>) -> Option<Sample> {
        let wanted = Wanted { what, reference, after: push.after };
        let (body, event) = self.dialect().sample(&wanted, self.dialect().sample_push(push))?;
        Some(Sample { body: body.to_string().into_bytes(), event })
    }

    /// The headers of a delivery of the JSON `body`, in wire spelling, with its signature and `Content-Type`.
    /// `event` is `push`, or another event as the provider spells it. `secret` is what the sender signs with: for
    /// Ed25519 the private key, not the public one that a hook is configured with.
    pub fn sign(
        &self,
        secret: &Secret,
        body: &[u8],
        event: &str,
        delivery: &str,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, CannotSign> {
        let mut headers = self.dialect().sign(&Sent { secret, body, event, delivery, now })?;
        headers.insert(0, dialect::header("Content-Type", "application/json"));
        Ok(headers)
    }
}

#[cfg(test)]
mod tests;
