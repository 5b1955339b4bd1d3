//! Pure. One file for each forge that shows the status of a commit: what is sent, and what its answer means. Address
//! and repository are those of the configuration, never of a delivery: whoever forged one would get the token.

mod azure_devops;
mod bitbucket;
mod bitbucket_server;
mod codeup;
mod gitea;
mod github;
mod gitlab;
#[cfg(test)]
mod tests;

use super::clean::{TextUnit, line};
use super::parcel::{HttpAnswer, HttpParcel, LaterCause, Receipt};
use crate::model::{Outcome, Standing, Tidings, is_commit};
use sha2::{Digest, Sha256};

/// A forge that shows the status of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusForge {
    /// GitHub, also one's own.
    Github,
    /// Gitea and Forgejo.
    Gitea,
    /// GitLab.
    Gitlab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Server and Data Center.
    BitbucketServer,
    /// Azure DevOps.
    AzureDevops,
    /// Codeup.
    Codeup,
}

impl StatusForge {
    /// Names of the providers that have statuses.
    pub const PROVIDERS: [(&str, Self); 8] = [
        ("github", Self::Github),
        ("gitea", Self::Gitea),
        ("forgejo", Self::Gitea),
        ("gitlab", Self::Gitlab),
        ("bitbucket", Self::Bitbucket),
        ("bitbucket-server", Self::BitbucketServer),
        ("azure-devops", Self::AzureDevops),
        ("codeup", Self::Codeup),
    ];

    /// The forge of a provider of that name, if it shows statuses.
    pub fn of_provider(name: &str) -> Option<Self> {
        Self::PROVIDERS.iter().find(|(provider, _)| *provider == name).map(|(_, forge)| *forge)
    }

    /// The API where there is only one.
    pub fn default_api(self) -> Option<&'static str> {
        match self {
            Self::Github => Some("https://api.github.com"),
            Self::Gitlab => Some("https://gitlab.com"),
            Self::Bitbucket => Some("https://api.bitbucket.org"),
            Self::Gitea | Self::BitbucketServer | Self::AzureDevops | Self::Codeup => None,
        }
    }

    /// An `api` as it would be typed.
    pub fn api_example(self) -> &'static str {
        match self {
            Self::Github => "https://api.github.com",
            Self::Gitea | Self::Gitlab | Self::BitbucketServer => "https://git.example.org",
            Self::Bitbucket => "https://api.bitbucket.org",
            Self::AzureDevops => "https://dev.azure.com/organisation",
            Self::Codeup => "https://openapi-rdc.aliyuncs.com/oapi/v1/codeup/organizations/ID",
        }
    }
}

/// A repository at a forge, with the right to set statuses.
#[derive(Clone, PartialEq, Eq)]
pub struct ForgeAccount {
    /// The forge.
    pub forge: StatusForge,
    /// Address of its API.
    pub api: String,
    /// `owner/name`.
    pub repository: String,
    /// The token.
    pub token: String,
}

impl ForgeAccount {
    fn api(&self) -> &str {
        self.api.trim_end_matches('/')
    }

    /// Owner and name; the last `/` parts them.
    fn owner_and_name(&self) -> (&str, &str) {
        self.repository.rsplit_once('/').unwrap_or(("", &self.repository))
    }
}

impl std::fmt::Debug for ForgeAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForgeAccount").field("forge", &self.forge).finish_non_exhaustive()
    }
}

/// The state of a commit, as all forges have it in words of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitState {
    /// A job runs.
    Pending,
    /// It succeeded.
    Success,
    /// A step failed, or took too long.
    Failure,
    /// It was cut short, or waits for a person.
    Error,
    /// Somebody, or a newer job, ended it.
    Cancelled,
}

impl CommitState {
    /// The state for what became of a job.
    pub fn of(standing: Standing) -> Self {
        match standing {
            Standing::Begun => Self::Pending,
            Standing::Over(Outcome::Succeeded | Outcome::Relayed) => Self::Success,
            Standing::Over(Outcome::Failed | Outcome::TimedOut) => Self::Failure,
            Standing::Held | Standing::Over(Outcome::Interrupted) => Self::Error,
            Standing::Over(Outcome::Cancelled | Outcome::Superseded | Outcome::Repeat) => Self::Cancelled,
        }
    }
}

/// The status of one commit.
struct CommitStatus<'a> {
    state: CommitState,
    /// `hookspool/<hook>`.
    context: String,
    /// One line, not cut yet.
    description: String,
    commit: &'a str,
    /// Branch or tag, in full.
    reference: Option<&'a str>,
    page: Option<&'a str>,
}

impl<'a> CommitStatus<'a> {
    fn of(tidings: &'a Tidings, commit: &'a str, page: Option<&'a str>) -> Self {
        Self {
            state: CommitState::of(tidings.standing),
            context: format!("hookspool/{}", tidings.hook),
            description: description(tidings),
            commit,
            reference: tidings.reference.as_deref(),
            page,
        }
    }

    /// The description in so many characters.
    fn described(&self, limit: usize) -> String {
        TextUnit::Characters.cut(&self.description, limit)
    }

    /// The context where no more than 40 characters are taken: cut, two could be the same.
    fn key(&self) -> String {
        hex::encode(Sha256::digest(&self.context)).chars().take(40).collect()
    }
}

fn description(tidings: &Tidings) -> String {
    let word = match tidings.standing {
        Standing::Begun => "deploying".to_owned(),
        standing => standing.word().to_owned(),
    };
    let reason = tidings.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    line(&format!("{word}{reason}"), 1_000)
}

/// The status for `tidings`; `None` where they name no commit.
pub fn status_parcel(account: &ForgeAccount, tidings: &Tidings, page: Option<&str>) -> Option<HttpParcel> {
    // A part of the URL: nothing else may stand there.
    let commit = tidings.commit.as_deref().filter(|commit| is_commit(commit))?;
    let status = CommitStatus::of(tidings, commit, page);
    Some(match account.forge {
        StatusForge::Github => github::parcel(account, &status),
        StatusForge::Gitea => gitea::parcel(account, &status),
        StatusForge::Gitlab => gitlab::parcel(account, &status),
        StatusForge::Bitbucket => bitbucket::parcel(account, &status),
        StatusForge::BitbucketServer => bitbucket_server::parcel(account, &status),
        StatusForge::AzureDevops => azure_devops::parcel(account, &status),
        StatusForge::Codeup => codeup::parcel(account, &status),
    })
}

/// The meaning of the answer of `forge`.
pub fn status_receipt(forge: StatusForge, answer: &HttpAnswer) -> Receipt {
    match forge {
        StatusForge::Github => github::receipt(answer),
        StatusForge::Gitea => gitea::receipt(answer),
        StatusForge::Gitlab => gitlab::receipt(answer),
        StatusForge::Bitbucket | StatusForge::BitbucketServer => bitbucket::receipt(answer),
        StatusForge::AzureDevops => azure_devops::receipt(answer),
        StatusForge::Codeup => by_status(answer, &words_of(answer)),
    }
}

/// The words of an answer, wherever it has them.
fn words_of(answer: &HttpAnswer) -> String {
    let said = answer.json();
    let places = ["/message", "/error", "/error/message", "/errorMessage", "/errors/0/message"];
    let found = places.iter().find_map(|place| said.pointer(place));
    match found {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => answer.body.clone(),
    }
}

/// As for any service.
fn by_status(answer: &HttpAnswer, words: &str) -> Receipt {
    match (answer.status, answer.by_status(words)) {
        // A fault of the server may be that of one commit.
        (500, Receipt::Later { after, why, .. }) => Receipt::Later { after, why, cause: LaterCause::ThisOne },
        (404, _) => Receipt::refused(format!(
            "{}; `repository` or `api` is wrong, the commit is unknown there, or the token may not see it",
            answer.said(words)
        )),
        (_, receipt) => receipt,
    }
}
