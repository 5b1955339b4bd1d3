//! Pure. The providers, one file each, and the table of them.
//!
//! A new one is its file (a `Dialect`), its `mod` line and its row in the table below; then its vectors in
//! `tests/it/vectors/rows.rs`, and its section in `deploy/FORGES.md`. Everything else asks the `Dialect`.
//! Forges that copied another's documents share `github_shape` or `gitlab_shape`, and in `sample/` what `send` sends.

mod azure_devops;
mod bitbucket;
mod bitbucket_server;
mod ci;
mod coding;
mod docker_hub;
mod generic;
mod gitcode;
mod gitea;
mod gitea_authorization;
mod gitee;
mod github;
mod github_shape;
mod gitlab;
mod gitlab_shape;
mod gitlab_token;
mod harbor;
mod open_payload;
mod pagure;
pub(crate) mod sample;
mod slack;
mod sourcehut;
mod standard_webhooks;
mod stripe;
mod time_scheme;

pub use coding::CodingVersion;
pub use generic::{GenericScheme, HmacScheme};
pub use gitea_authorization::GiteaAuthorization;
pub use time_scheme::{SignedParts, TimePlace, TimeScheme};

use super::authenticity::Authorization;
use super::dialect::Dialect;

macro_rules! providers {
    (
        $([$variant:ident, $name:literal, $dialect:expr, $doc:literal])*
        $({$set_variant:ident($settings:ident), $set_name:literal, $example:expr, $set_doc:literal})*
    ) => {
        /// A provider, with whatever its scheme needs to be told.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Provider {
            $(#[doc = $doc] $variant,)*
            $(#[doc = $set_doc] $set_variant($settings),)*
            /// Gitea or Forgejo by `Authorization`, in place of the signature.
            GiteaAuthorization(GiteaAuthorization),
        }

        impl Provider {
            /// One of each, in the order of the configuration's hints; those that need settings stand here with some.
            pub const ALL: &'static [Self; 22] = &[$(Self::$variant,)* $(Self::$set_variant($example),)*];

            /// Its name, and its file.
            pub(crate) const fn entry(&self) -> (&'static str, &dyn Dialect) {
                match self {
                    $(Self::$variant => ($name, &$dialect),)*
                    $(Self::$set_variant(settings) => ($set_name, settings),)*
                    Self::GiteaAuthorization(which) => (which.name(), which),
                }
            }
        }
    };
}

// Variant, name in the configuration, dialect, documentation; in braces those that have settings, with an example.
providers! {
    [Github, "github", github::Github, "GitHub and GitHub Enterprise Server."]
    [Gitea, "gitea", gitea::GITEA, "Gitea."]
    [Forgejo, "forgejo", gitea::FORGEJO, "Forgejo and Codeberg."]
    [Gogs, "gogs", gitea::GOGS, "Gogs."]
    [Gitlab, "gitlab", gitlab::Gitlab, "GitLab, by token or signing token."]
    [Gitee, "gitee", gitee::Gitee, "Gitee, by password or signature."]
    [Bitbucket, "bitbucket", bitbucket::Bitbucket, "Bitbucket Cloud."]
    [BitbucketServer, "bitbucket-server", bitbucket_server::BitbucketServer, "Bitbucket Server and Data Center."]
    [AzureDevops, "azure-devops", azure_devops::AzureDevops, "Azure DevOps, by `Authorization: Basic`."]
    [Sourcehut, "sourcehut", sourcehut::Sourcehut, "SourceHut, by the public key of the instance."]
    [Pagure, "pagure", pagure::Pagure, "Pagure."]
    [Gitcode, "gitcode", gitcode::Gitcode, "GitCode, by signature or token."]
    [Codeup, "codeup", gitlab_token::CODEUP, "Alibaba Cloud's Codeup."]
    [TencentGit, "tencent-git", gitlab_token::TENCENT_GIT, "Tencent's Git."]
    [Codearts, "codearts", gitlab_token::CODEARTS, "Huawei Cloud's CodeArts Repo."]
    [DockerHub, "docker-hub", docker_hub::DockerHub, "Docker Hub, by a secret URL."]
    [Harbor, "harbor", harbor::Harbor, "Harbor, by the text of `Authorization`."]
    [
        StandardWebhooks, "standard-webhooks", standard_webhooks::StandardWebhooks,
        "Standard Webhooks, by HMAC or Ed25519."
    ]
    [Stripe, "stripe", stripe::Stripe, "Stripe's scheme."]
    [Slack, "slack", slack::Slack, "Slack's scheme."]
    {Coding(CodingVersion), "coding", CodingVersion::V2, "Coding.net, version 2 (signature) or 1 (token in the body)."}
    {Generic(GenericScheme), "generic", GenericScheme::Authorization(Authorization::Bearer), "Any service that signs \
        the body with an HMAC, or sends the secret in `Authorization`."}
}
