//! Pure. Build statuses of Bitbucket Cloud. A URL must be there, and a key of at most 40 characters.

use super::{CommitState, CommitStatus, ForgeAccount, by_status, words_of};
use crate::notify::address::path;
use crate::notify::parcel::{HttpAnswer, HttpParcel, Receipt};
use crate::notify::sign::authorization;

const DESCRIPTION_LIMIT: usize = 255;

pub(super) fn parcel(account: &ForgeAccount, status: &CommitStatus<'_>) -> HttpParcel {
    let repository = path(&account.repository);
    let url = format!("{}/2.0/repositories/{repository}/commit/{}/statuses/build", account.api(), status.commit);
    let state = match status.state {
        CommitState::Cancelled => "STOPPED",
        state => word(state),
    };
    let own = format!("https://bitbucket.org/{repository}");
    let mut body = serde_json::json!({
        "key": status.key(), "state": state, "name": status.context, "url": status.page.unwrap_or(&own),
        "description": status.described(DESCRIPTION_LIMIT),
    });
    if let Some(branch) = status.reference.and_then(|reference| reference.strip_prefix("refs/heads/")) {
        body["refname"] = branch.into();
    }
    HttpParcel::json(url, &body).with("Authorization", authorization(&account.token))
}

/// The words that the two Bitbuckets share.
pub(super) fn word(state: CommitState) -> &'static str {
    match state {
        CommitState::Pending => "INPROGRESS",
        CommitState::Success => "SUCCESSFUL",
        CommitState::Failure | CommitState::Error | CommitState::Cancelled => "FAILED",
    }
}

pub(super) fn receipt(answer: &HttpAnswer) -> Receipt {
    let words = words_of(answer);
    match answer.status {
        401 => Receipt::refused(format!("{}; the token is wrong or has expired", answer.said(&words))),
        403 => Receipt::refused(format!(
            "{}; the token needs to write to the repository (Cloud: `repository:write`)",
            answer.said(&words)
        )),
        _ => by_status(answer, &words),
    }
}
