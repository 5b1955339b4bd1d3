//! Pure. Commit statuses of Azure DevOps. `api` names the organisation, `repository` project and repository.

use super::{CommitState, CommitStatus, ForgeAccount, by_status, words_of};
use crate::notify::address::{path, path_part};
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::basic;

const DESCRIPTION_LIMIT: usize = 250;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let (project, name) = account.owner_and_name();
    let repository = format!("{}/_apis/git/repositories/{}", path(project), path_part(name));
    let url = format!("{}/{repository}/commits/{}/statuses?api-version=7.1", account.api(), status.commit);
    let state = match status.state {
        CommitState::Pending => "pending",
        CommitState::Success => "succeeded",
        CommitState::Failure => "failed",
        CommitState::Error | CommitState::Cancelled => "error",
    };
    let (genre, name) = status.context.split_once('/').unwrap_or(("hookspool", &status.context));
    let mut body = serde_json::json!({
        "state": state, "context": { "genre": genre, "name": name },
        "description": status.described(DESCRIPTION_LIMIT),
    });
    if let Some(page) = status.page {
        body["targetUrl"] = page.into();
    }
    HttpParcel::json(url, &body).with("Authorization", basic(&format!(":{}", account.token)))
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let words = words_of(answer);
    match answer.status {
        // A wrong token is answered 203, or led to a page to sign in at.
        203 | 302 | 401 => Receipt::refused(format!("HTTP {}; the token is wrong or has expired", answer.status)),
        403 => Receipt::refused(format!("{}; the token needs *Code (status)*", answer.said(&words))),
        _ => by_status(answer, &words),
    }
}
