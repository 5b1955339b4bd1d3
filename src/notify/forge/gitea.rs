//! Pure. Commit statuses of Gitea and Forgejo. They take any word for a state, so that none may be misspelt.

use super::{CommitState, CommitStatus, ForgeAccount, by_status, github, words_of};
use crate::notify::address::path;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};

/// Gitea names no limit.
const DESCRIPTION_LIMIT: usize = 250;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let url = format!("{}/api/v1/repos/{}/statuses/{}", account.api(), path(&account.repository), status.commit);
    let mut body = github::body(status, DESCRIPTION_LIMIT);
    if status.state == CommitState::Cancelled {
        body["state"] = "warning".into();
    }
    HttpParcel::json(url, &body).with("Authorization", format!("token {}", account.token))
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let words = words_of(answer);
    match answer.status {
        500 if words.contains("object does not exist") => {
            Receipt::refused(format!("{}; the commit is unknown there: is `repository` right?", answer.said(&words)))
        }
        401 => Receipt::refused(format!("{}; the token is wrong", answer.said(&words))),
        403 => Receipt::refused(format!("{}; the token needs the scope `write:repository`", answer.said(&words))),
        _ => by_status(answer, &words),
    }
}
