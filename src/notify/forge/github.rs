//! Pure. Commit statuses of GitHub.

use super::{CommitState, CommitStatus, ForgeAccount, by_status, words_of};
use crate::notify::address::path;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};

/// A longer one is refused with 422.
const DESCRIPTION_LIMIT: usize = 140;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let url = format!("{}/repos/{}/statuses/{}", account.api(), path(&account.repository), status.commit);
    HttpParcel::json(url, &body(status, DESCRIPTION_LIMIT))
        .with("Accept", "application/vnd.github+json")
        .with("X-GitHub-Api-Version", "2022-11-28")
        .with("Authorization", format!("Bearer {}", account.token))
}

/// The body that Gitea copied.
pub(super) fn body(status: &CommitStatus<'_>, limit: usize) -> serde_json::Value {
    let mut body = serde_json::json!({
        "state": word(status.state), "context": status.context, "description": status.described(limit),
    });
    if let Some(page) = status.page {
        body["target_url"] = page.into();
    }
    body
}

pub(super) fn word(state: CommitState) -> &'static str {
    match state {
        CommitState::Pending => "pending",
        CommitState::Success => "success",
        CommitState::Failure => "failure",
        CommitState::Error | CommitState::Cancelled => "error",
    }
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let words = words_of(answer);
    // The limits on bursts are a 403 like a missing right.
    let is_limit = answer.status == 403 && (answer.retry_after.is_some() || words.contains("rate limit"));
    match answer.status {
        _ if is_limit => Receipt::later(answer.retry_after, answer.said(&words)),
        401 => Receipt::refused(format!("{}; the token is wrong or has expired", answer.said(&words))),
        403 => Receipt::refused(format!(
            "{}; the token needs *Commit statuses: write* (a classic one `repo:status`)",
            answer.said(&words)
        )),
        _ => by_status(answer, &words),
    }
}
